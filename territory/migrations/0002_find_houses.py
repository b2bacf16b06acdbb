# ruff: noqa: S608  # put together from texts of ours
"""The search's one statement, as a function: it is planned once per connection, which costs more than to run it."""

from django.db import migrations

COLUMNS = """
    street_id bigint, division_id bigint, before varchar, name varchar, suffix varchar, after varchar, city_key varchar,
    city varchar, state varchar, zip_code varchar, number varchar, premises bigint, premises_id bigint, street_line text,
    unit text, unit_key text, asked_id bigint, asked_key text, asked_unit text
"""
SELECT = """
    SELECT s.id, s.division_id, s.before, s.name, s.suffix, s.after, s.city_key, s.city, s.state, s.zip_code,
           p.house_number, count(*), min(p.id), min(p.street_line::text), min(p.unit::text), min(p.unit_key::text),
           min(p.id) FILTER (WHERE p.unit_key = ANY (units)),
           min(p.unit_key::text) FILTER (WHERE p.unit_key = ANY (units)),
           min(p.unit::text) FILTER (WHERE p.unit_key = ANY (units))
      FROM territory_street s JOIN territory_premises p ON p.street_id = s.id
     WHERE s.name = ANY (names) AND s.division_id = ANY (divisions) AND p.house_number = ANY (numbers) {near}
     GROUP BY s.id, p.house_number
     LIMIT most
"""
NEAR_ZIP = SELECT.format(near="AND s.zip_code = ANY (zips)")
NEAR_CITY = SELECT.format(near="AND s.city_key = ANY (cities)")
ANYWHERE = SELECT.format(near="")

CREATE = f"""
CREATE FUNCTION territory_houses_named(
    names varchar[], divisions bigint[], numbers varchar[], units varchar[], zips varchar[], cities varchar[], most int
) RETURNS TABLE ({COLUMNS}) LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    IF cardinality(zips) > 0 THEN
        RETURN QUERY {NEAR_ZIP};
    ELSIF cardinality(cities) > 0 THEN
        RETURN QUERY {NEAR_CITY};
    ELSE
        RETURN QUERY {ANYWHERE};
    END IF;
END $$;

CREATE FUNCTION territory_find_houses(
    names varchar[], remainders varchar[], longest int, divisions bigint[], numbers varchar[], units varchar[],
    zips varchar[], cities varchar[], most int
) RETURNS TABLE ({COLUMNS}) LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    alike varchar[];
BEGIN
    IF cardinality(names) > 0 THEN
        RETURN QUERY SELECT * FROM territory_houses_named(names, divisions, numbers, units, zips, cities, most);
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    IF cardinality(remainders) > 0 THEN
        alike := ARRAY (
            SELECT DISTINCT s.name FROM territory_spelling s WHERE s.remainder = ANY (remainders) AND length(s.name) <= longest
        );
        RETURN QUERY SELECT * FROM territory_houses_named(alike, divisions, numbers, units, zips, cities, most);
    END IF;
END $$;
"""
DROP = """
DROP FUNCTION territory_find_houses(
    varchar[], varchar[], int, bigint[], varchar[], varchar[], varchar[], varchar[], int
);
DROP FUNCTION territory_houses_named(varchar[], bigint[], varchar[], varchar[], varchar[], varchar[], int);
"""


class Migration(migrations.Migration):
    dependencies = [("territory", "0001_schema")]
    operations = [migrations.RunSQL(CREATE, DROP)]
