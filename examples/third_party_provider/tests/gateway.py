"""Acme's gateway, played over real HTTP. Behaves as scripted, keeps its books in memory."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from saaskit_core.provider_errors import DeclineReason
from saaskit_core.testing.behaviours import Behaviour, Effect, Operation

API_KEY = "acme-key-canary-4711"
REFUSALS = {
    DeclineReason.INSUFFICIENT_FUNDS: "no_money",
    DeclineReason.EXPIRED_CARD: "card_too_old",
}
ANSWERED = {Effect.UNREACHABLE: 503, Effect.RATE_LIMIT: 429}


class Refused(Exception):
    def __init__(self, status):
        self.status = status


class Gateway:
    """What Acme knows."""

    def __init__(self, clock):
        self._clock = clock
        self._lock = threading.Lock()
        self._answers = {}
        self._charges = {}
        self._scripts = []
        self.notes = []

    def script(self, behaviour, *, operation=Operation.CHARGE):
        self._scripts.append((operation, behaviour))

    def post(self, path, body, key):
        """Return (answer, whether it gets lost)."""
        with self._lock:
            asked = (path, json.dumps(body, sort_keys=True))
            if key in self._answers:
                known, answer = self._answers[key]
                if known != asked:
                    raise Refused(422)
                return answer, False
            behaviour = self._behaviour(path, body)
            if behaviour.effect in ANSWERED:
                raise Refused(ANSWERED[behaviour.effect])
            if behaviour.effect is Effect.TIME_OUT_BEFORE:
                return {}, True
            answer = self._do(path, body, behaviour)
            self._answers[key] = (asked, answer)
            return answer, behaviour.effect is Effect.TIME_OUT_AFTER

    def get(self, path, query):
        if path == "account":
            return {}
        if path == "charges":
            orders = query.get("order", [])
            return {"charges": [c for c in self._charges.values() if c["order"] in orders]}
        return self._found(path.removeprefix("charges/"))

    def _behaviour(self, path, body):
        is_charge = bool(body.get("card")) and not path.endswith("void")
        wanted = Operation.CHARGE if is_charge else Operation.CREATE
        for place, (operation, behaviour) in enumerate(self._scripts):
            if operation is wanted:
                del self._scripts[place]
                return behaviour
        return Behaviour()

    def _do(self, path, body, behaviour):
        if path == "charges":
            charge = {
                "id": f"ch_{len(self._charges) + 1}",
                "order": body["order"],
                "amount": body["amount"],
                "currency": body["currency"],
                "revision": 0,
            }
            return self._write(charge, self._paid(body, behaviour) if body["card"] else {})
        _, charge_id, verb = path.split("/")
        charge = self._found(charge_id)
        if charge["status"] not in {"new", "challenge"}:
            raise Refused(409)
        return self._write(
            charge, {"status": "void"} if verb == "void" else self._paid(body, behaviour)
        )

    def _paid(self, body, behaviour):
        match behaviour.effect:
            case Effect.DECLINE:
                refusal = REFUSALS.get(behaviour.reason, "no")
                return {"status": "refused", "refusal": refusal, "card": body["card"]}
            case Effect.REQUIRE_ACTION:
                return {"status": "challenge", "card": body["card"]}
            case _:
                return {"status": "booked", "card": body["card"]}

    def _write(self, charge, changes):
        defaults = {"status": "new", "refusal": "", "card": ""}
        written = {
            **defaults,
            **charge,
            **changes,
            "revision": charge["revision"] + 1,
            "changed_at": self._clock().isoformat(),
            "page": f"https://acme.example/pay/{charge['id']}",
        }
        self._charges[charge["id"]] = written
        self.notes.append(json.dumps({"id": f"n_{len(self.notes)}", "charge": written}).encode())
        return written

    def _found(self, charge_id):
        if charge_id not in self._charges:
            raise Refused(404)
        return self._charges[charge_id]


class Handler(BaseHTTPRequestHandler):
    """HTTP around the gateway that the server holds."""

    def do_GET(self):
        url = urlsplit(self.path)
        self._answer(lambda: (self._gateway.get(self._route, parse_qs(url.query)), False))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        key = self.headers["idempotency-key"]
        self._answer(lambda: self._gateway.post(self._route, body, key))

    def log_message(self, *_):
        """Keep the tests' output clean."""

    @property
    def _gateway(self):
        return self.server.gateway

    @property
    def _route(self):
        return urlsplit(self.path).path.removeprefix("/v1/")

    def _answer(self, work):
        try:
            if self.headers["authorization"] != f"Bearer {API_KEY}":
                raise Refused(401)
            answer, is_lost = work()
            status = 200
        except Refused as refused:
            answer, is_lost, status = {}, False, refused.status
        if is_lost:
            self.close_connection = True
            return
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())


def serve(gateway):
    """Start the gateway on a free port; the caller shuts the server down."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.gateway = gateway
    threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True).start()
    return server
