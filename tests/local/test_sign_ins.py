import base64
import json

import pytest

from config.local import sign_ins

SECRET = base64.b32encode(b"12345678901234567890").decode()
"""The secret of the test vectors in RFC 6238, appendix B; its codes are the last six of the eight digits there."""


class TestTotp:
    @pytest.mark.parametrize(
        ("at", "code"),
        [
            (59, "287082"),
            (1111111109, "081804"),
            (1234567890, "005924"),
            (2000000000, "279037"),
            (20000000000, "353130"),
        ],
    )
    def test_agrees_with_the_standard(self, at, code):
        assert sign_ins.totp(SECRET, at) == code

    def test_takes_a_secret_without_padding_in_small_letters(self):
        assert sign_ins.totp("gezdgnbvgy3tqojqgezdgnbvgy3tqojqge", 59) == sign_ins.totp(
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGE======", 59
        )


class TestLoad:
    def test_is_empty_before_the_demonstration_is_loaded(self, tmp_path):
        assert sign_ins.load(tmp_path) == []

    def test_gives_a_code_to_those_who_have_a_second_factor(self, tmp_path):
        rows = [
            {"role": "csr", "email": "c@example.com", "password": "x", "totp_secret": SECRET, "start_url": "/staff/"},
            {"role": "customer", "email": "d@example.com", "password": "y", "totp_secret": None, "start_url": "/me/"},
        ]
        sign_ins.file_of(tmp_path).write_text(json.dumps(rows))

        csr, customer = sign_ins.load(tmp_path)

        assert (csr.code(at=59), customer.code(at=59)) == ("287082", "")
