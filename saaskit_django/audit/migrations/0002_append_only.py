"""Sealed entries can't be changed or deleted, where the database can say so (PostgreSQL)."""

from django.db import migrations

CREATE = """
CREATE FUNCTION saaskit_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'sealed audit entries are append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER saaskit_audit_append_only
    BEFORE UPDATE OR DELETE ON saaskit_audit_auditlog
    FOR EACH ROW WHEN (OLD.hash <> '')
    EXECUTE FUNCTION saaskit_audit_append_only();
"""
DROP = """
DROP TRIGGER IF EXISTS saaskit_audit_append_only ON saaskit_audit_auditlog;
DROP FUNCTION IF EXISTS saaskit_audit_append_only();
"""


def create(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(CREATE)


def drop(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP)


class Migration(migrations.Migration):
    dependencies = [("saaskit_audit", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
