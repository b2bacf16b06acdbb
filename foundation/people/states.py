"""Roles, what each may do, and where that is written down once."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person is to the operator, within a division and all below it."""

    CUSTOMER = "customer", _("Customer")
    PARTNER = "partner", _("Partner")
    FIELD_AGENT = "field_agent", _("Field agent")
    CSR = "csr", _("CSR")
    SUPERVISOR = "supervisor", _("Supervisor")
    OPERATOR = "operator", _("Operator")
    AUDITOR = "auditor", _("Auditor")


STAFF_ROLES = frozenset({Role.FIELD_AGENT, Role.CSR, Role.SUPERVISOR, Role.OPERATOR, Role.AUDITOR})
"""The roles that need a second factor and may open staff pages."""
WORKING_ROLES = STAFF_ROLES - {Role.AUDITOR}
"""Those to whom work may be given: auditors read and approve, and change nothing that they audit."""


class Permission(models.TextChoices):
    """One thing that a person may be allowed to do."""

    SEE_ORDERS = "see_orders", _("see orders")
    WORK_ORDERS = "work_orders", _("change, reschedule and cancel orders")
    SETTLE_SUBMISSIONS = "settle_submissions", _("resend and settle what a billing system left unclear")
    SEE_LEADS = "see_leads", _("see leads")
    WORK_LEADS = "work_leads", _("assign and convert leads")
    SEE_TICKETS = "see_tickets", _("see tickets")
    WORK_TICKETS = "work_tickets", _("work on tickets and answer customers")
    MAKE_VISITS = "make_visits", _("visit customers and change their devices")
    DECLARE_OUTAGES = "declare_outages", _("declare outages and end them")
    APPROVE_OUTAGE_CREDITS = (
        "approve_outage_credits",
        _("approve credits for an outage that somebody else has asked for"),
    )
    SEE_REFERRALS = "see_referrals", _("see referrals and where their rewards are")
    WORK_REFERRALS = "work_referrals", _("enrol referrers, withdraw invitations and decide about signals")
    SEE_LEDGER = "see_ledger", _("see payouts and the ledger")
    BUILD_BATCHES = "build_batches", _("build and freeze payouts")
    APPROVE_BATCHES = "approve_batches", _("audit and approve payouts that somebody else has built")
    ANSWER_DISPUTES = "answer_disputes", _("look into what payees dispute, and answer them")
    CLOSE_MONTHS = "close_months", _("close months of the ledger")
    APPROVE_RULES = "approve_rules", _("approve commission rules that somebody else has written")
    ASSIGN_WORK = "assign_work", _("give work to others")
    CONFIGURE = "configure", _("change catalogue, campaigns, markets and settings")
    IMPORT = "import", _("import premises and availability")
    MANAGE_PEOPLE = "manage_people", _("give people roles")
    RETRY_DELIVERIES = "retry_deliveries", _("retry deliveries that were set aside")
    AUDIT = "audit", _("read every record and its history")


_CSR = frozenset(
    {
        Permission.SEE_ORDERS,
        Permission.WORK_ORDERS,
        Permission.SEE_LEADS,
        Permission.WORK_LEADS,
        Permission.SEE_TICKETS,
        Permission.WORK_TICKETS,
        Permission.SEE_REFERRALS,
        Permission.WORK_REFERRALS,
    }
)
_READ = frozenset(
    {
        Permission.SEE_ORDERS,
        Permission.SEE_LEADS,
        Permission.SEE_TICKETS,
        Permission.SEE_REFERRALS,
        Permission.SEE_LEDGER,
    }
)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.CUSTOMER: frozenset(),
    Role.PARTNER: frozenset(),
    Role.FIELD_AGENT: frozenset({Permission.SEE_ORDERS, Permission.MAKE_VISITS}),
    Role.CSR: _CSR,
    Role.SUPERVISOR: _CSR
    | {
        Permission.SETTLE_SUBMISSIONS,
        Permission.ASSIGN_WORK,
        Permission.DECLARE_OUTAGES,
        Permission.SEE_LEDGER,
        Permission.BUILD_BATCHES,
        Permission.ANSWER_DISPUTES,
    },
    Role.OPERATOR: _CSR
    | {
        Permission.SEE_LEDGER,
        Permission.BUILD_BATCHES,
        Permission.APPROVE_BATCHES,
        Permission.ANSWER_DISPUTES,
        Permission.CLOSE_MONTHS,
        Permission.APPROVE_RULES,
        Permission.SETTLE_SUBMISSIONS,
        Permission.ASSIGN_WORK,
        Permission.DECLARE_OUTAGES,
        Permission.APPROVE_OUTAGE_CREDITS,
        Permission.CONFIGURE,
        Permission.IMPORT,
        Permission.MANAGE_PEOPLE,
        Permission.RETRY_DELIVERIES,
    },
    Role.AUDITOR: _READ
    | {
        Permission.AUDIT,
        Permission.APPROVE_BATCHES,
        Permission.APPROVE_RULES,
        Permission.APPROVE_OUTAGE_CREDITS,
    },
}
"""The permission matrix. Tests read it, the documentation is made from it."""

RANK: dict[Role, int] = {
    Role.CUSTOMER: 0,
    Role.PARTNER: 0,
    Role.FIELD_AGENT: 1,
    Role.CSR: 2,
    Role.SUPERVISOR: 3,
    Role.AUDITOR: 4,
    Role.OPERATOR: 4,
}
"""Nobody gives or takes a role that stands above their own."""

SETUP_PERMISSIONS = frozenset(
    {
        Permission.CONFIGURE,
        Permission.IMPORT,
        Permission.MANAGE_PEOPLE,
        Permission.RETRY_DELIVERIES,
        Permission.APPROVE_RULES,
        Permission.AUDIT,
    }
)
"""Whoever has one of these may open the admin."""
