from django.urls import path

from interfaces.storefront.views import look, start

app_name = "storefront"
urlpatterns = [
    path("", start.home, name="home"),
    path("language/", look.choose_language, name="choose_language"),
    path("theme/", look.choose_theme, name="choose_theme"),
    path("brand/<slug:code>-<int:version>.css", look.brand_css, name="brand_css"),
    path("brand/<slug:code>-<int:version>.logo", look.brand_logo, name="brand_logo"),
]
