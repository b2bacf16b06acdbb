"""Names, phone numbers and e-mail addresses, found however they are typed."""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations

import accounts.models

FOLDED = r"""
CREATE FUNCTION public.accounts_folded(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 100 AS $$
    SELECT btrim(regexp_replace(
        translate(lower(public.unaccent('public.unaccent'::regdictionary, $1)), '''’‘ʼ`´.', ''),
        '[[:space:][:punct:]]+', ' ', 'g'
    ))
$$;
COMMENT ON FUNCTION public.accounts_folded(text) IS
    'A text in lower case without accents, apostrophes and dots; other signs are spaces.';
"""
SPELLINGS = """
CREATE FUNCTION public.accounts_spellings(text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 2000 AS $$
    SELECT coalesce(array_agg(DISTINCT spelling), '{}')
      FROM (
        SELECT left(word, 8) AS start
          FROM regexp_split_to_table(public.accounts_folded($1), ' ') AS word
         WHERE length(word) >= 3
      ) AS words,
      LATERAL (
        SELECT start AS spelling
        UNION ALL
        SELECT overlay(start PLACING '' FROM dropped FOR 1)
          FROM generate_series(1, length(start)) AS dropped
         WHERE length(start) >= 4
      ) AS spellings
$$;
COMMENT ON FUNCTION public.accounts_spellings(text) IS
    'What is left of the words of a text when none or one of their first eight letters is dropped: two words of which one '
    'letter is wrong, missing, one too many or swapped with its neighbour have a spelling in common.';
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0", migrations.RunSQL.noop),
        UnaccentExtension(),
        migrations.RunSQL(FOLDED, "DROP FUNCTION public.accounts_folded(text)"),
        migrations.RunSQL(SPELLINGS, "DROP FUNCTION public.accounts_spellings(text)"),
        migrations.RemoveIndex(model_name="customer", name="customer_name"),
        migrations.AddIndex(
            model_name="customer",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(accounts.models.Folded("name"), name="gin_trgm_ops"),
                name="customer_name",
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=django.contrib.postgres.indexes.GinIndex(accounts.models.Spellings("name"), name="customer_spelling"),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass("email", name="gin_trgm_ops"),
                django.contrib.postgres.indexes.OpClass("phone", name="gin_trgm_ops"),
                name="contact_part",
            ),
        ),
    ]
