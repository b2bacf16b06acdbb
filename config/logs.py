"""Structured logs that name nobody."""

import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

_PERSONAL_KEYS = re.compile(
    r"pass(word|wd)|secret|token|authori[sz]ation|cookie|e?mail|phone|address|street|name_of|ssn|card|body|session|^ip$",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_PHONE = re.compile(
    r"(?<![\w-])(?:\+?\d{1,3}[\s./‐-―-]{0,2})?(?:\(\d{3}\)|\d{3})[\s./‐-―-]{0,3}\d{3}[\s./‐-―-]{0,3}\d{4}(?![\w-])"
)
"""A number of the North American plan as people write it: (907) 555-0142, 907.555.0142, +1 907 555 0142."""
_ROW = re.compile(
    r"(DETAIL:|CONTEXT:|Failing row contains).*?(?=\s+(?:The above exception was|During handling of)|\Z)", re.DOTALL
)
"""What Postgres says of a row that it refused: it holds what a customer typed, with line breaks and all."""
_LONG_NUMBER = re.compile(r"(?<![\w-])\d[\d -]{7,}\d(?![\w-])")
_SECRET_IN_PATH = re.compile(r"((?<=/)|(?<=%2F))[A-Za-z0-9_:%=-]{20,}?(?=%2F|[/\s?&#'\")>,]|$)", re.IGNORECASE)
_QUERY = re.compile(r"(?<=[\w/.~%-])\?\S+")
_HARMLESS = (bool, int, float, type(None))
"""Kinds of values that tell nothing; any other is written as text, which is masked: a request shows its address."""

MASK = "•••"
_MASKED = (
    (_ROW, rf"\1 {MASK}"),
    (_EMAIL, MASK),
    (_QUERY, f"?{MASK}"),
    (_PHONE, MASK),
    (_LONG_NUMBER, MASK),
    (_SECRET_IN_PATH, MASK),
)


def mask_personal_data(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take from a log line what could name a person or open a door: by the key's name, and by the look of the text."""
    for key, value in event.items():
        if key in {"timestamp", "level", "logger"}:
            continue
        if _PERSONAL_KEYS.search(key):
            event[key] = MASK
        elif not (key.startswith("_") or isinstance(value, _HARMLESS)):
            event[key] = mask_text(str(value))
    return event


def mask_text(text: str) -> str:
    """
    Take out of a text what could name a person or open a door.

    E-mail addresses, phone and other long numbers, what was asked (`?address=…`), secret parts of addresses, and what a
    database cites of a row.
    """
    for pattern, instead in _MASKED:
        text = pattern.sub(instead, text)
    return text


def logging_of(*, json: bool, level: str) -> None:
    """Set up logging for the whole process: one JSON object a line, or plain lines for a person's terminal."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        mask_personal_data,
    ]
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structured": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": [*shared[1:5], structlog.stdlib.ExtraAdder(), mask_personal_data],
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
                }
            },
            "handlers": {"stream": {"class": "logging.StreamHandler", "formatter": "structured"}},
            "root": {"handlers": ["stream"], "level": level},
            "loggers": {
                "fontTools": {"level": "WARNING"},
                "weasyprint": {"level": "ERROR"},
                "httpx": {"level": "WARNING"},
            },
        }
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
