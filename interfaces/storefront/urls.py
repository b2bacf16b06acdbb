from django.urls import path

from interfaces.storefront.views import address, look, order, referrals, start, status, styleguide

app_name = "storefront"
urlpatterns = [
    path("", start.home, name="home"),
    path("check/", address.check, name="check"),
    path("address/<str:key>/", address.outcome, name="outcome"),
    path("address/<str:key>/again/", address.check_again, name="check_again"),
    path("address/<str:key>/tell-me/", address.tell_me, name="tell_me"),
    path("address/<str:key>/told/", address.told, name="told"),
    path("address/<str:key>/order/", order.start_order, name="start_order"),
    path("order/<str:token>/", status.order_page, name="order"),
    path("order/<str:token>/package/", order.package, name="order_package"),
    path("order/<str:token>/options/", order.options, name="order_options"),
    path("order/<str:token>/options/price/", order.reprice, name="order_reprice"),
    path("order/<str:token>/details/", order.details, name="order_details"),
    path("order/<str:token>/appointment/", order.appointment, name="order_appointment"),
    path("order/<str:token>/terms/", order.terms, name="order_terms"),
    path("order/<str:token>/review/", order.review, name="order_review"),
    path("order/<str:token>/check-again/", order.recheck, name="order_recheck"),
    path("order/<str:token>/confirmation/", status.confirmation, name="order_confirmation"),
    path("order/<str:token>/confirmation.pdf", status.confirmation_pdf, name="order_pdf"),
    path("refer/", referrals.refer, name="refer"),
    path("refer/welcome/", referrals.welcome, name="refer_welcome"),
    path("refer/yours/<str:code>/", referrals.yours, name="refer_yours"),
    path("refer/stopped/", referrals.stopped, name="invitations_stopped"),
    path("r/<str:code>/", referrals.link, name="referral_link"),
    path("i/<str:token>/", referrals.invitation, name="invitation"),
    path("i/<str:token>/stop/", referrals.stop, name="stop_invitations"),
    path("embed/address/", start.embedded_box, name="embedded_box"),
    path("suggest/", address.suggest, name="suggest"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("language/", look.choose_language, name="choose_language"),
    path("theme/", look.choose_theme, name="choose_theme"),
    path("brand/<slug:code>-<int:version>.css", look.brand_css, name="brand_css"),
    path("brand/<slug:code>-<int:version>.logo", look.brand_logo, name="brand_logo"),
]
