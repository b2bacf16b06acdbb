"""The demonstration's referral programmes, and the rules by which they pay: the operator's, and the franchise's own."""

from datetime import date
from decimal import Decimal
from typing import Any

from commissions.models import Rule
from commissions.queries.rules import digest_of
from commissions.services.rules import (
    TermDescription,
    Wording,
    approve_version,
    define_rule,
    send_to_review,
    start_version,
    write_version,
)
from commissions.settings import ORIGINATOR
from commissions.states import Basis, RewardForm, Side, WaitUnit
from config.demonstration.operator import FRANCHISE
from foundation.divisions.fields import Texts
from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.divisions.services import set_value
from foundation.people.models import User
from referrals.models import Programme
from referrals.services import start_programme

SINCE = date(2026, 1, 1)
OPERATOR, AUDITOR = "operator@larkspur.example", "auditor@larkspur.example"

PROGRAMMES: dict[str, tuple[str, dict[str, Texts]]] = {
    "bring-a-friend": (
        "larkspur",
        {
            "names": Texts(en="Bring a friend", es="Traiga a un amigo"),
            "headlines": Texts(
                en="Somebody you know thinks you would like it here",
                es="Alguien que conoce cree que le gustaría estar aquí",
            ),
            "landing_texts": Texts(
                en="Check your address, choose a package, and order. Your first month is on us after three months.",
                es="Compruebe su dirección, elija un paquete y haga su pedido. A los tres meses le regalamos un mes.",
            ),
            "subjects": Texts(en="{referrer} invites you to {brand}", es="{referrer} le invita a {brand}"),
            "invitation_texts": Texts(
                en="{referrer} is a customer of {brand} and thinks that you would like to be one, too. {reward}",
                es="{referrer} es cliente de {brand} y cree que a usted también le gustaría. {reward}",
            ),
            "rewards_in_words": Texts(
                en="You get a credit of $50 once your friend has been connected for three months and has paid three "
                "bills on time; from the third friend on it is $60.",
                es="Usted recibe un crédito de $50 cuando su amigo lleve tres meses conectado y haya pagado tres "
                "facturas a tiempo; desde el tercer amigo son $60.",
            ),
            "friend_rewards_in_words": Texts(
                en="After three months with bills paid on time you get a month free. If you leave within 240 days, it is "
                "taken back in whole or in part.",
                es="Tras tres meses con las facturas pagadas a tiempo, usted recibe un mes gratis. Si se va antes de 240 "
                "días, se retira en todo o en parte.",
            ),
            "terms_texts": Texts(
                en="One reward for each friend who is new to us. What was credited, to you and to your friend, is taken "
                "back where the friend leaves: all of it until the 120th day, then less each day until the 240th.",
                es="Un premio por cada amigo que sea cliente nuevo. Lo abonado a usted y a su amigo se retira si el amigo "
                "se va: todo hasta el día 120, después cada día menos hasta el día 240.",
            ),
        },
    ),
    "juniper-neighbors": (
        FRANCHISE,
        {
            "names": Texts(en="Juniper neighbors", es="Vecinos de Juniper"),
            "headlines": Texts(
                en="A neighbor has fiber, and thinks of you", es="Un vecino tiene fibra y piensa en usted"
            ),
            "landing_texts": Texts(en="See whether fiber reaches your house.", es="Vea si la fibra llega a su casa."),
            "subjects": Texts(
                en="{referrer} thinks you should have fiber", es="{referrer} cree que le conviene la fibra"
            ),
            "invitation_texts": Texts(
                en="{referrer} has fiber by {brand} and recommends it. {reward}",
                es="{referrer} tiene fibra de {brand} y la recomienda. {reward}",
            ),
            "rewards_in_words": Texts(
                en="You get 12.5 % of what your friend pays on the first two bills, taxes aside, in cash to your bank account.",
                es="Usted recibe el 12,5 % de lo que su amigo pague en las dos primeras facturas, sin impuestos, por "
                "transferencia a su cuenta bancaria.",
            ),
            "friend_rewards_in_words": Texts(
                en="Half of what your installation costs comes back to you.",
                es="Le devolvemos la mitad de lo que cuesta la instalación.",
            ),
            "terms_texts": Texts(en="One reward for each new neighbor.", es="Un premio por cada vecino nuevo."),
        },
    ),
}

RULES: dict[str, tuple[str, Texts, dict[str, Any], tuple[TermDescription, ...]]] = {
    "three-months": (
        "larkspur",
        Texts(en="Three months after installation, bills on time", es="Tres meses tras la instalación, facturas a tiempo"),
        {"clawback_full_days": 120, "clawback_none_days": 240, "reason": "As the program promises it."},
        (
            TermDescription(side=Side.REFERRER, amount=Decimal("50.00"), tiers=((3, Decimal("60.00")),)),
            TermDescription(side=Side.FRIEND, form=RewardForm.FREE_MONTH),
        ),
    ),
    "juniper-share": (
        FRANCHISE,
        Texts(en="A share of the first two bills", es="Una parte de las dos primeras facturas"),
        {
            "wait_count": 60, "wait_unit": WaitUnit.DAYS, "bills_needed": 2, "days_late_allowed": 10,
            "months_to_qualify": 6, "clawback_none_days": 180, "reason": "The franchise's own.",
        },
        (
            TermDescription(
                side=Side.REFERRER, form=RewardForm.CASH, basis=Basis.PERCENT_CASH, percent=Decimal("12.5")
            ),
            TermDescription(side=Side.FRIEND, basis=Basis.PERCENT_ONE_TIME, percent=Decimal(50)),
        ),
    ),
}  # fmt: skip


ORIGINATOR_VALUES = {
    "immediate_destination": "123456780", "destination_name": "BANK OF THE DEMO", "immediate_origin": "1555555014",
    "origin_name": "LARKSPUR CABLE", "company_name": "LARKSPUR CABLE", "company_id": "1555555014", "odfi": "123456780",
}  # fmt: skip
"""Who sends bank transfers, and by which bank: there is none with this routing number."""


def load_referrals() -> None:
    """Make both programmes and both rules, one person writing and another approving, where they are missing."""
    root = Division.objects.get(code="larkspur")
    for name, value in ORIGINATOR_VALUES.items():
        if not effective(root, ORIGINATOR[name]):
            set_value(root, ORIGINATOR[name], value)
    operator, auditor = User.objects.get(email=OPERATOR), User.objects.get(email=AUDITOR)
    for code, (division_code, texts) in PROGRAMMES.items():
        if not Programme.objects.filter(code=code).exists():
            division = Division.objects.get(code=division_code)
            programme = Programme.objects.create(code=code, division=division, starts_on=SINCE, **texts)
            start_programme(programme.pk, by=operator)
    for code, (division_code, names, values, terms) in RULES.items():
        if not Rule.objects.filter(code=code).exists():
            division = Division.objects.get(code=division_code)
            rule = define_rule(code, names=names, division=division, by=operator)
            version = start_version(rule.pk, by=operator)
            write_version(version.pk, Wording(values=values, terms=terms), by=operator)
            version = send_to_review(version.pk, by=operator)
            approve_version(version.pk, shown=digest_of(version), by=auditor)
