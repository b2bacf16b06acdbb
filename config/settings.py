"""All settings, read from the environment once, each with its type. `.env` in the project's root is read too."""

import secrets
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from bootstrap_wrapper import get_bootstrap_dir
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from config.local import addresses
from config.logs import logging_of

django_stubs_ext.monkeypatch()  # lets ModelAdmin[Order], ManyToManyField[…] and the like be written at run time

ROOT = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()
environ.Env.read_env(ROOT / ".env")


def kept_secret(file: Path) -> str:
    """Return the secret in a file, made at first use; where servers are many, SECRET_KEY is given instead."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(50), encoding="utf-8")
    return file.read_text(encoding="utf-8")


# What this process is ---------------------------------------------------------------------------------------------

DEBUG: bool = env.bool("DEBUG", default=False)
SITE_URL: str = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
"""Where the public reaches us: links in messages are built from it, never from a request's Host header."""
IS_SECURE = SITE_URL.startswith("https://")
DATA_DIR = Path(env.str("DATA_DIR", default=str(ROOT / ".data")))
IS_DEMONSTRATION: bool = env.bool("DEMONSTRATION", default=not IS_SECURE)
"""Everything on this machine, sign-ins printed: never behind a public address."""
SECRET_KEY: str = env.str("SECRET_KEY", default="") or kept_secret(DATA_DIR / "secret_key")
ALLOWED_HOSTS: list[str] = env.list(
    "ALLOWED_HOSTS", default=[urlsplit(SITE_URL).hostname or "", "localhost", "127.0.0.1"]
)
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])
CLOCK_FILE: str = env.str("CLOCK_FILE", default=str(DATA_DIR / "clock.json") if IS_DEMONSTRATION else "")
"""The file with the simulated clock's offset, shared with the sandbox; empty: the real time."""

# What it is made of -----------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "people.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

LOCAL_APPS = [
    "foundation.divisions",
    "foundation.people",
    "foundation.events",
    "foundation.jobs",
    "foundation.worklist",
    "foundation.correspondence",
    "foundation.clocks",
    "territory",
    "accounts",
    "catalog",
    "billing",
    "orders",
    "leads",
    "referrals",
    "commissions",
    "tickets",
    "integrations.tmf_billing",
    "interfaces.storefront",
    "interfaces.selfcare",
    "interfaces.desk",
    "config.demonstration",
]
INSTALLED_APPS = [
    *LOCAL_APPS,
    "config.admin_site.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_celery_beat",
    "django_filters",
    "django_htmx",
    "django_structlog",
    "pghistory",
    "pgtrigger",
    "phonenumber_field",
    "template_partials",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "foundation.divisions.middleware.SiteMiddleware",
    "foundation.divisions.middleware.ReadableMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "foundation.people.middleware.SessionLimitsMiddleware",
    "foundation.people.middleware.SecondFactorMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "interfaces.storefront.context.site",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

UNSCOPED_PATHS = ("/health/", "/metrics", "/static/", "/webhooks/", "/mail/incoming/")
"""Paths that belong to no market's site and speak no language."""

# Where the truth is kept ------------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url_config(env.str("DATABASE_URL", default="") or addresses.database_url(DATA_DIR))}
DATABASES["default"] |= {
    "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": DATABASES["default"].get("OPTIONS", {})
    | {
        "options": " ".join(
            [
                "-c lock_timeout=3s",
                f"-c statement_timeout={env.str('STATEMENT_TIMEOUT', default='15s')}",
                "-c idle_in_transaction_session_timeout=30s",
            ]
        ),
        "connect_timeout": 5,
    },
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},  # Django's default of 300 would throw throttles away
    }
}
"""In Postgres: throttles and one-time codes must outlive Redis, and be one for all processes."""
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_SERIALIZER = "foundation.people.encryption.EncryptedSession"
REDIS_URL: str = env.str("REDIS_URL", default="") or addresses.redis_url(DATA_DIR)

# Work behind the page ---------------------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = (
    addresses.file_queue_options(DATA_DIR)
    if REDIS_URL == addresses.FILES_AS_QUEUE
    else {
        "visibility_timeout": 900,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_keepalive": True,
        "socket_connect_timeout": 1,
        "max_retries": 1,  # a nudge that finds no broker gives up at once: kombu's own way takes six seconds
        "interval_start": 0,
        "interval_step": 0,
        "socket_timeout": 30,
        "health_check_interval": 30,
    }
)
CELERY_VISIBILITY_TIMEOUT = 900
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = {
    "deliver what is due": {"task": "foundation.events.tasks.deliver_due", "schedule": 5.0},
    "work on jobs": {"task": "foundation.jobs.tasks.work_on_jobs", "schedule": 10.0},
    "look up what billing left unclear": {"task": "billing.tasks.look_up_unknown", "schedule": 60.0},
    "ask billing for news": {"task": "billing.tasks.poll_billing_systems", "schedule": 30.0},
    "judge what is past due": {"task": "billing.tasks.judge_standings", "schedule": 3600.0},
    "judge rewards and build payouts": {"task": "commissions.tasks.run_schedule", "schedule": 120.0},
    "compare payouts with what billing shows": {"task": "commissions.tasks.reconcile_payouts", "schedule": 300.0},
    "let go of appointments nobody took": {"task": "orders.tasks.release_expired_holds", "schedule": 60.0},
    "end services on the day": {"task": "orders.tasks.follow_service_statuses", "schedule": 3600.0},
    "close carts nobody came back to": {"task": "orders.tasks.expire_old_drafts", "schedule": 3600.0},
    "write invitations that wait": {"task": "referrals.tasks.write_invitations", "schedule": 60.0},
    "let answers leave": {"task": "tickets.tasks.send_due_answers", "schedule": 5.0},
    "find somebody for tickets": {"task": "tickets.tasks.route_waiting", "schedule": 30.0},
    "find missed visits": {"task": "tickets.tasks.miss_visits", "schedule": 30.0},
    "announce and begin maintenance": {"task": "tickets.tasks.announce_maintenance", "schedule": 60.0},
    "close tickets nobody speaks of": {"task": "tickets.tasks.close_silent_tickets", "schedule": 3600.0},
    "forget files that were never sent": {"task": "tickets.tasks.forget_unsent_files", "schedule": 3600.0},
    "let go of invitations that led nowhere": {"task": "referrals.tasks.expire_invitations", "schedule": 3600.0},
    "fetch mail": {"task": "foundation.correspondence.tasks.fetch_mail", "schedule": 60.0},
    "empty old mail": {"task": "foundation.correspondence.tasks.empty_old_mail", "schedule": 24 * 3600.0},
    "tell of promises that are near or missed": {"task": "tickets.tasks.sweep_clocks", "schedule": 20.0},
    "tell staff when their hours begin": {"task": "tickets.tasks.send_due_alerts", "schedule": 60.0},
    "sweep sessions that are over": {"task": "foundation.people.tasks.sweep", "schedule": 24 * 3600.0},
}
ORDER_PAGE = "storefront:order"
"""The page on which a customer follows an order by its secret; messages link to it."""
BILLING_ADAPTERS = {"tmf": "integrations.tmf_billing.adapter.TmfBilling"}
"""How we speak to billing systems: the names that an operator chooses from, and what each stands for."""
DIAGNOSTICS_ADAPTERS = {"acs": "integrations.acs.adapter.Acs"}
"""How we speak to systems that read equipment: what `DIAGNOSTICS_<CODE>_ADAPTER` may name; `acs` where it names nothing."""

# People -----------------------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "selfcare:start"
ACCOUNT_ADAPTER = "foundation.people.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
# A code is typed where somebody signs up; a link that the owner of an address opens would prove it for whoever asked.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_RATE_LIMITS = {"confirm_email": "3/10m/key"}
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
STAFF_START_URL = "desk:home"
ALLAUTH_TRUSTED_PROXY_COUNT: int = env.int("TRUSTED_PROXIES", default=0)
MFA_ADAPTER = "foundation.people.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Order entry"
USERSESSIONS_TRACK_ACTIVITY = False
FIELD_KEYS: list[str] = env.list("FIELD_KEYS", default=[]) or [kept_secret(DATA_DIR / "field_key")]
"""What seeds and sessions are encrypted with: the first key writes, all of them read. A new one is put in front."""
THROTTLE_FACTOR: int = env.int("THROTTLE_FACTOR", default=1)
"""Multiplies every limit below; a load test from one address sets it high."""
THROTTLES = {
    "address_check": "30/m/client 400/d/client",
    "suggest": "240/m/client",
    "lead_capture": "10/h/client 30/d/client",
    "order_step": "240/m/client",
    "submit": "300/h/client 2000/d/client",  # a store and all its visitors may have one address
    "pdf": "30/h/client",
    "referral_click": "60/m/client 600/d/client",
    "house_number": "5/h/client 10/d/client",
    "enrol": "10/h/client 30/d/client",
    "invite": "30/h/account 200/d/account",
    "dispute": "40/h/account 200/d/account",
    "bank": "10/h/account 20/d/account",
    "ticket": "30/h/account 200/d/account",
    "ticket_reply": "60/h/account 400/d/account",
    "by_letter": "30/m/client 300/d/client",
    "export": "20/h/account",
    "search": "120/m/account",
}
"""How often one visitor may do what (see foundation/people/throttles.py); signing in has allauth's own limits."""

# Languages --------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [ROOT / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

# Files ------------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(DATA_DIR / "static")))
STATICFILES_DIRS = [ROOT / "static", ("bootstrap", get_bootstrap_dir())]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or env.bool("PLAIN_STATIC", default=False)
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = DATA_DIR / "media"

# Mail -------------------------------------------------------------------------------------------------------------

vars().update(env.email_url("EMAIL_URL", default="smtp://127.0.0.1:8026"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="Larkspur Cable <hello@larkspur.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
MESSAGE_ID_DOMAIN: str = env.str("MESSAGE_ID_DOMAIN", default="mail.larkspur.example")
MAIL_TAG_DOMAINS: set[str] = set(
    env.list(
        "MAIL_TAG_DOMAINS",
        default=["fastmail.com", "gmail.com", "googlemail.com", "pm.me", "proton.me", "protonmail.com"],
    )
)
"""Whose providers promise that `kim+x@` is `kim@`, so that a customer is known by either; anywhere else by neither."""

# Safety -----------------------------------------------------------------------------------------------------------

COOKIE_PREFIX = "__Host-" if IS_SECURE else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}session"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}language"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = IS_SECURE
SESSION_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 30 * 24 * 3600
STAFF_IDLE_MINUTES: int = env.int("STAFF_IDLE_MINUTES", default=30)
STAFF_SESSION_HOURS: int = env.int("STAFF_SESSION_HOURS", default=12)
CUSTOMER_IDLE_DAYS: int = env.int("CUSTOMER_IDLE_DAYS", default=14)
CUSTOMER_SESSION_DAYS: int = env.int("CUSTOMER_SESSION_DAYS", default=30)
CSRF_FAILURE_VIEW = "interfaces.storefront.views.errors.stale_form"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
SECURE_SSL_REDIRECT = IS_SECURE and env.bool("SSL_REDIRECT", default=True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_SECURE
SECURE_REFERRER_POLICY = "strict-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# What it says of itself -------------------------------------------------------------------------------------------

LOGGING_CONFIG = None
logging_of(json=not DEBUG and not env.bool("PLAIN_LOGS", default=False), level=env.str("LOG_LEVEL", default="INFO"))
METRICS_TOKEN: str = env.str("METRICS_TOKEN", default="")
