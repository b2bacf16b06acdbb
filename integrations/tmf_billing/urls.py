from django.urls import path

from integrations.tmf_billing.views import webhook

app_name = "tmf_billing"

urlpatterns = [path("<slug:code>", webhook, name="webhook")]
