"""Every address of the house."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("people/", include("allauth.urls")),
    path("people/", include("foundation.people.urls")),
    path("mail/", include("foundation.correspondence.urls")),
    path("webhooks/billing/", include("integrations.tmf_billing.urls")),
    path("staff/", include("interfaces.desk.urls")),
    path("me/", include("interfaces.selfcare.urls")),
    path("", include("config.health")),
    path("", include("interfaces.storefront.urls")),
]

handler400 = "interfaces.storefront.views.errors.bad_request"
handler403 = "interfaces.storefront.views.errors.forbidden"
handler404 = "interfaces.storefront.views.errors.not_found"
handler500 = "interfaces.storefront.views.errors.broken"
