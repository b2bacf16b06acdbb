"""Tickets and what was said on them, to look at: work on them happens at the desk."""

from django.contrib import admin

from tickets.admin.reading import ToBeReadAdmin
from tickets.models import Article, Attachment, Departure, Presence, Rating, Ticket


@admin.register(Ticket)
class TicketAdmin(ToBeReadAdmin):
    """What was reported, and where it stands."""

    list_display = ("number", "type", "status", "priority", "subject", "customer", "owner", "opened_at")
    list_filter = ("type", "status", "priority", "division")
    list_select_related = ("customer", "owner")
    search_fields = ("=number", "=requester_email", "=requester_phone", "=customer__number")
    exclude = ("search",)
    show_full_result_count = False


@admin.register(Article)
class ArticleAdmin(ToBeReadAdmin):
    """What was said on tickets."""

    division_path = "ticket__division"
    list_display = ("ticket", "kind", "channel", "author", "at")
    list_filter = ("kind", "channel", "ticket__division")
    list_select_related = ("ticket", "author")
    search_fields = ("=ticket__number",)
    exclude = ("search",)
    show_full_result_count = False


@admin.register(Attachment)
class AttachmentAdmin(ToBeReadAdmin):
    """Files that came with articles, without their content."""

    division_path = "article__ticket__division"
    list_display = ("article", "name", "media_type", "size")
    list_select_related = ("article",)
    exclude = ("content",)
    search_fields = ("=article__ticket__number",)
    show_full_result_count = False


@admin.register(Departure)
class DepartureAdmin(ToBeReadAdmin):
    """When answers left, or were taken back."""

    division_path = "article__ticket__division"
    list_display = ("article", "leaves_at", "left_at", "taken_back_at")
    list_select_related = ("article",)
    show_full_result_count = False


@admin.register(Presence)
class PresenceAdmin(ToBeReadAdmin):
    """Who has which ticket open."""

    division_path = "ticket__division"
    list_display = ("ticket", "user", "doing", "seen_at")
    list_select_related = ("ticket", "user")
    show_full_result_count = False


@admin.register(Rating)
class RatingAdmin(ToBeReadAdmin):
    """How content customers were."""

    division_path = "ticket__division"
    list_display = ("ticket", "score", "words", "at")
    list_filter = ("score",)
    list_select_related = ("ticket",)
    show_full_result_count = False
