"""What `tickets.ports.DiagnosticsPort` promises, of every adapter, over HTTP against a real process."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import httpx
import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from integrations.acs import adapter as acs
from tests.sandbox.network import Network
from tickets.ports import Connection, DiagnosticsPort, Level, Reading, Unavailable, UnknownDevice
from tickets.states import Finding

Port = Callable[..., DiagnosticsPort]


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    network = Network(tmp_path_factory.mktemp("network"))
    network.says("SN1")
    yield network
    network.end()


@pytest.fixture
def network(process):
    process.behave()
    return process


@pytest.fixture(params=sorted(settings.DIAGNOSTICS_ADAPTERS))
def port(request, network, monkeypatch) -> Port:
    monkeypatch.setattr(acs, "TIMEOUT", httpx.Timeout(0.4))
    monkeypatch.setattr(acs, "LONGEST_CALL", 1.0)
    make = import_string(settings.DIAGNOSTICS_ADAPTERS[request.param])
    return lambda **other: make(Connection(**{"base_url": network.url, "token": network.token, **other}))


class TestAReading:
    def test_says_all_that_the_device_says(self, network, port):
        levels = [{"name": "opticalPower", "value": "-21.4", "unit": "dBm"}]
        network.says("SN2", level=levels, lastSeen="2026-11-27T17:00:00+00:00", firmware="7.2.1")

        assert port().read("SN2") == Reading(
            serial="SN2",
            is_online=True,
            last_seen_at=datetime.fromisoformat("2026-11-27T17:00:00+00:00"),
            firmware="7.2.1",
            levels=(Level(name="optical_power", value=Decimal("-21.4")),),
        )

    @pytest.mark.parametrize("says", ["good", "weak", "offline"])
    def test_comes_to_a_finding(self, network, port, says):
        network.says("SN2", says)

        assert port().read("SN2").finding == Finding(says)

    def test_leaves_out_what_we_do_not_know(self, network, port):
        network.says("SN2", level=[{"name": "mood", "value": "9", "unit": "stars"}])

        assert port().read("SN2").levels == ()

    def test_is_the_same_after_it_was_kept(self, network, port):
        reading = port().read("SN1")

        assert Reading.from_json(reading.as_json()) == reading

    def test_takes_a_serial_number_for_no_path(self, network, port):
        network.says("A%2FB")

        assert port().read("A/B").serial == "A/B"


class TestADeviceThatIsNotKnown:
    @pytest.mark.parametrize("serial", ["NONE", "../event", "", "SN1?x=1"])
    def test_is_refused(self, port, serial):
        with pytest.raises((UnknownDevice, Unavailable)):
            port().read(serial)

    def test_is_told_from_a_failure(self, port):
        with pytest.raises(UnknownDevice):
            port().read("NONE")


class TestASystemThatIsUnavailable:
    @pytest.mark.parametrize("fault", [{"slow_seconds": 0.8}, {"drip_seconds": 0.02}, {"fail": -1}, {"babble": -1}])
    def test_when_it_misbehaves_and_not_afterwards(self, network, port, fault):
        network.faults(**fault)

        with pytest.raises(Unavailable):
            port().read("SN1")
        network.behave()
        assert port().read("SN1").finding == Finding.GOOD

    def test_when_the_token_is_wrong(self, port):
        with pytest.raises(Unavailable, match="401"):
            port(token="wrong").read("SN1")

    @pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://", "nonsense"])
    def test_when_nobody_is_there(self, port, address):
        with pytest.raises(Unavailable):
            port(base_url=address).read("SN1")

    @pytest.mark.parametrize(
        "device",
        [
            {"online": "yes"},
            {"lastSeen": "yesterday"},
            {"lastSeen": "2026-11-27T17:00:00"},
            {"level": [{"name": "opticalPower", "value": "NaN", "unit": "dBm"}]},
            {"level": [{"name": "opticalPower", "value": "-21", "unit": "mW"}]},
            {"level": "strong"},
        ],
    )
    def test_when_what_it_says_cannot_be_read(self, network, port, device):
        network.says("SN3", **device)

        with pytest.raises(Unavailable):
            port().read("SN3")

    def test_when_it_is_gone_and_not_when_it_is_back(self, network, port):
        network.end()
        try:
            with pytest.raises(Unavailable):
                port().read("SN1")
        finally:
            network.start()

        assert port().read("SN1").finding == Finding.GOOD
