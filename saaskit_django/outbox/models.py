"""The rows of the outbox: one message per event, one delivery per message and reaction."""

from __future__ import annotations

from django.db import models


class OutboxMessage(models.Model):
    """Something that happened, written in the transaction in which it did."""

    topic = models.CharField(max_length=100)
    key = models.CharField(max_length=200, unique=True)
    aggregate = models.CharField(max_length=100)
    payload = models.JSONField()
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["aggregate", "id"], name="saaskit_outbox_aggregate")]

    def __str__(self) -> str:
        return f"{self.topic} {self.aggregate}"


class Delivery(models.Model):
    """One reaction to one message. `handler` is the reaction's dotted name."""

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        DEAD = "dead"

    message = models.ForeignKey(OutboxMessage, on_delete=models.CASCADE, related_name="deliveries")
    handler = models.CharField(max_length=200)
    aggregate = models.CharField(max_length=100)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    leased_by = models.CharField(max_length=32, blank=True)
    leased_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    delivered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["message", "handler"], name="saaskit_delivery_once"),
            models.CheckConstraint(
                condition=models.Q(status__in=["pending", "delivered", "dead"]),
                name="saaskit_delivery_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(status="delivered", delivered_at__isnull=False)
                | (~models.Q(status="delivered") & models.Q(delivered_at__isnull=True)),
                name="saaskit_delivery_delivered_at",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at"],
                name="saaskit_delivery_due",
                condition=models.Q(status="pending"),
            ),
            models.Index(
                fields=["aggregate", "handler", "message"],
                name="saaskit_delivery_order",
                condition=models.Q(status="pending"),
            ),
            models.Index(
                fields=["leased_by"],
                name="saaskit_delivery_leased",
                condition=~models.Q(leased_by=""),
            ),
            models.Index(
                fields=["next_at", "id"],
                name="saaskit_delivery_dead",
                condition=models.Q(status="dead"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handler} ← {self.message_id}"
