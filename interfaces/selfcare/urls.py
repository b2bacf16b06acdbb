"""What the signed-in customer and partner see."""

from django.urls import path

from interfaces.selfcare.views import bank, disputes, orders, referrals, report, security, statements, tickets

app_name = "selfcare"
urlpatterns = [
    path("", orders.start, name="start"),
    path("orders/<int:pk>/", orders.order, name="order"),
    path("outage-notices/", orders.outage_notices, name="outage_notices"),
    path("security/", security.security, name="security"),
    path("sales/", orders.sales, name="sales"),
    path("referrals/", referrals.referrals, name="referrals"),
    path("referrals/take-part/", referrals.enrol, name="referral_enrol"),
    path("referrals/invite/", referrals.invite, name="referral_invite"),
    path("referrals/places/<int:pk>/leave/", referrals.leave, name="referral_leave"),
    path("referrals/<int:pk>/withdraw/", referrals.withdraw, name="referral_withdraw"),
    path("referrals/<int:pk>/correct/", referrals.correct, name="referral_correct"),
    path("tickets/", tickets.tickets, name="tickets"),
    path("tickets/new/", report.report, name="ticket_new"),
    path("tickets/by-letter/", tickets.by_letter, name="ticket_by_letter"),
    path("tickets/files/<int:pk>/", tickets.attachment, name="ticket_file"),
    path("tickets/<slug:number>/", tickets.ticket, name="ticket"),
    path("tickets/<slug:number>/fixed/", tickets.fixed, name="ticket_fixed"),
    path("tickets/<slug:number>/rate/", tickets.rate, name="ticket_rate"),
    path("tickets/<slug:number>/reopen/", tickets.reopen, name="ticket_reopen"),
    path("tickets/<slug:number>/call-off/", tickets.call_off, name="ticket_call_off"),
    path("statements/", statements.statements, name="statements"),
    path("statements/lines/<int:pk>/dispute/", disputes.raise_, name="dispute_raise"),
    path("statements/missing/", disputes.missing, name="reward_missing"),
    path("statements/disputes/<int:pk>/", disputes.dispute, name="dispute"),
    path("statements/disputes/files/<int:pk>/", disputes.evidence, name="dispute_file"),
    path("statements/<int:pk>/", statements.statement, name="statement"),
    path("statements/<int:pk>/bank/", bank.bank, name="bank"),
    path("statements/<int:pk>/bank/withdraw/", bank.withdraw, name="bank_withdraw"),
    path("statements/<int:pk>/statement.pdf", statements.statement_pdf, name="statement_pdf"),
    path("statements/<int:pk>/statement.csv", statements.statement_csv, name="statement_csv"),
]
