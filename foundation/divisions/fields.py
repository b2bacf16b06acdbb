"""A text that an operator writes once per language."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language, gettext_lazy as _


class Texts(dict[str, str]):
    """The same text in several languages, by language code."""

    def in_language(self, language: str | None = None) -> str:
        """
        Return the text in a language (default: the active one).

        Where it was not translated, the site-wide default language serves, then any language that has it.
        """
        wanted = (language or get_language() or settings.LANGUAGE_CODE).lower()
        for code in (wanted, wanted.split("-")[0], settings.LANGUAGE_CODE):
            if text := self.get(code):
                return text
        return next((text for text in self.values() if text), "")

    def __str__(self) -> str:
        return self.in_language()


class TextsWidget(forms.MultiWidget):
    """One input per language, labelled with the language's own name."""

    template_name = "divisions/widgets/texts.html"

    def __init__(self, widget: type[forms.Widget] = forms.TextInput, attrs: dict[str, Any] | None = None) -> None:
        self.codes = [code for code, _name in settings.LANGUAGES]
        super().__init__({code: widget(attrs={"lang": code, "dir": "auto"}) for code in self.codes}, attrs)

    def decompress(self, value: dict[str, str] | None) -> list[str]:
        return [(value or {}).get(code, "") for code in self.codes]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        for subwidget, (_code, language) in zip(context["widget"]["subwidgets"], settings.LANGUAGES, strict=True):
            subwidget["language"] = language
        return context


class TextsFormField(forms.MultiValueField):
    """Collect a text per language; the default language must be given where the text is required."""

    def __init__(self, *, widget: type[forms.Widget] = forms.TextInput, **kwargs: Any) -> None:
        kwargs.pop("encoder", None)
        kwargs.pop("decoder", None)
        fields = [forms.CharField(required=False) for _language in settings.LANGUAGES]
        super().__init__(fields, require_all_fields=False, widget=TextsWidget(widget), **kwargs)

    def compress(self, data_list: list[str]) -> Texts:
        codes = [code for code, _name in settings.LANGUAGES]
        texts = Texts({code: text for code, text in zip(codes, data_list, strict=False) if text})
        if self.required and settings.LANGUAGE_CODE not in texts:
            raise ValidationError(_("Give at least the text in the default language."), code="required")
        return texts


class TranslatedField(models.JSONField):
    """Store a text per language as `{"en": "…", "es": "…"}`; read it back as `Texts`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", Texts)
        self.multiline = kwargs.pop("multiline", False)
        super().__init__(*args, **kwargs)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Texts:
        return Texts(super().from_db_value(value, expression, connection) or {})

    def to_python(self, value: Any) -> Any:
        return Texts(value) if isinstance(value, dict) else super().to_python(value)

    def formfield(self, **kwargs: Any) -> Any:
        widget = forms.Textarea if self.multiline else forms.TextInput
        ours = {"form_class": TextsFormField, "widget": widget, "show_hidden_initial": False}
        return super(models.JSONField, self).formfield(**{**kwargs, **ours})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        if self.multiline:
            kwargs["multiline"] = True
        return name, path, args, kwargs
