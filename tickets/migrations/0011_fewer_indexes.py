"""What is written with each reply writes fewer index entries: of these, others serve the same, or most rows have none."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tickets.models.conversation


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0010_writers_and_no_leases"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(  # room on each page for what is said on its tickets
            "ALTER TABLE tickets_ticket SET (fillfactor = 80)", "ALTER TABLE tickets_ticket RESET (fillfactor)"
        ),
        migrations.RemoveIndex(
            model_name="ticket",
            name="ticket_open_word",
        ),
        migrations.AlterField(
            model_name="article",
            name="author",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="copied_from",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="copies",
                to="tickets.article",
                verbose_name="first said on",
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="key",
            field=models.CharField(default=tickets.models.conversation.new_key, editable=False, max_length=120),
        ),
        migrations.AlterField(
            model_name="article",
            name="ticket",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="articles",
                to="tickets.ticket",
                verbose_name="ticket",
            ),
        ),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(condition=models.Q(("author__isnull", False)), fields=["author"], name="article_author"),
        ),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                condition=models.Q(("copied_from__isnull", False)), fields=["copied_from"], name="article_copied"
            ),
        ),
        migrations.AddConstraint(
            model_name="article",
            constraint=models.UniqueConstraint(fields=("key",), name="an_article_stands_once"),
        ),
    ]
