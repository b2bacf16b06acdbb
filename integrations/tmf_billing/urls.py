from django.urls import URLPattern

app_name = "tmf_billing"
urlpatterns: list[URLPattern] = []
