"""Contacts by the mailbox to which their address leads."""

from django.db import migrations, models

import accounts.models

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
    dependencies = [("accounts", "0002_names_as_they_are_said")]
    operations = [
        migrations.RunSQL(MAILBOX, "DROP FUNCTION public.accounts_mailbox(text)"),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(accounts.models.Mailbox("email"), name="contact_mailbox"),
        ),
    ]
