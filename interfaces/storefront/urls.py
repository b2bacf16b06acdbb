from django.urls import path

from interfaces.storefront.views import address, look, start, styleguide

app_name = "storefront"
urlpatterns = [
    path("", start.home, name="home"),
    path("check/", address.check, name="check"),
    path("address/<str:key>/", address.outcome, name="outcome"),
    path("address/<str:key>/again/", address.check_again, name="check_again"),
    path("embed/address/", start.embedded_box, name="embedded_box"),
    path("suggest/", address.suggest, name="suggest"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("language/", look.choose_language, name="choose_language"),
    path("theme/", look.choose_theme, name="choose_theme"),
    path("brand/<slug:code>-<int:version>.css", look.brand_css, name="brand_css"),
    path("brand/<slug:code>-<int:version>.logo", look.brand_logo, name="brand_logo"),
]
