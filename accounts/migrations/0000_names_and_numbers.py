"""Names, phone numbers and mailboxes, found however they are typed; and the numbers of customers and accounts."""

from typing import ClassVar

from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations

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
MAILBOX = r"""
CREATE FUNCTION public.accounts_mailbox(email text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE
             WHEN domain IN ('gmail.com', 'googlemail.com')
             THEN coalesce(nullif(replace(name, '.', ''), ''), name) || '@gmail.com'
             WHEN address LIKE '%@%' THEN name || '@' || domain
             ELSE address
           END
      FROM (SELECT lower(btrim($1)) AS address) AS typed,
      LATERAL (SELECT substring(address from '[^@]*$') AS domain, regexp_replace(address, '@[^@]*$', '') AS given) AS parts,
      LATERAL (SELECT coalesce(nullif(split_part(given, '+', 1), ''), given) AS name) AS untagged
$$;
COMMENT ON FUNCTION public.accounts_mailbox(text) IS
    'An e-mail address without what makes no difference to its mailbox; foundation.correspondence.mailboxes says the same.';
"""


class Migration(migrations.Migration):
    """Numbers begin with seven digits, so that they can be read out on the phone."""

    dependencies: ClassVar = []
    operations: ClassVar = [
        TrigramExtension(),
        UnaccentExtension(),
        migrations.RunSQL(FOLDED, "DROP FUNCTION public.accounts_folded(text)"),
        migrations.RunSQL(SPELLINGS, "DROP FUNCTION public.accounts_spellings(text)"),
        migrations.RunSQL(MAILBOX, "DROP FUNCTION public.accounts_mailbox(text)"),
        migrations.RunSQL(
            "CREATE SEQUENCE accounts_customer_number START 1000001",
            "DROP SEQUENCE accounts_customer_number",
        ),
        migrations.RunSQL(
            "CREATE SEQUENCE accounts_account_number START 1000001",
            "DROP SEQUENCE accounts_account_number",
        ),
    ]
