"""On PostgreSQL the database itself refuses to edit a price: a new amount is a new version."""

from django.db import migrations

CREATE = """
CREATE FUNCTION saaskit_price_is_never_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.plan_id, NEW.currency, NEW.amount_minor, NEW.frequency, NEW.interval_unit,
        NEW.interval_count, NEW.version)
       IS DISTINCT FROM
       (OLD.plan_id, OLD.currency, OLD.amount_minor, OLD.frequency, OLD.interval_unit,
        OLD.interval_count, OLD.version) THEN
        RAISE EXCEPTION 'a price is never edited: add a version'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER saaskit_price_is_never_edited BEFORE UPDATE ON saaskit_plans_price
    FOR EACH ROW EXECUTE FUNCTION saaskit_price_is_never_edited();
"""
DROP = """
DROP TRIGGER saaskit_price_is_never_edited ON saaskit_plans_price;
DROP FUNCTION saaskit_price_is_never_edited();
"""


def create(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(CREATE, params=None)


def drop(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP, params=None)


class Migration(migrations.Migration):
    dependencies = [("saaskit_plans", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
