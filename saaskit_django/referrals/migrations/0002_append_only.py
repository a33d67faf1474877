"""The ledger's entries can't be changed or deleted, where the database can say so (PostgreSQL)."""

from django.db import migrations

CREATE = """
CREATE FUNCTION saaskit_referral_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries of the reward ledger are append-only'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER saaskit_referral_append_only
    BEFORE UPDATE OR DELETE ON saaskit_referrals_referralreward
    FOR EACH ROW EXECUTE FUNCTION saaskit_referral_append_only();
"""
DROP = """
DROP TRIGGER IF EXISTS saaskit_referral_append_only ON saaskit_referrals_referralreward;
DROP FUNCTION IF EXISTS saaskit_referral_append_only();
"""


def create(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(CREATE, params=None)


def drop(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP, params=None)


class Migration(migrations.Migration):
    dependencies = [("saaskit_referrals", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
