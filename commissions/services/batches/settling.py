"""What every payment goes through, whatever the channel: it is sent, and it is paid."""

from commissions.models import BatchLine
from commissions.services.endings import send_correction, send_reward, settle_correction, settle_reward
from foundation.now import now, today


def send_line(line: BatchLine) -> None:
    """Take a payment that is locked from *payable* to *in transit*."""
    on = today(line.reward.division)
    if line.dispute_id:
        send_correction(line.reward_id, line.amount, on=on)
    else:
        send_reward(line.reward_id, line.amount, on=on)


def confirm_line(line: BatchLine, paid_as: str) -> None:
    """
    Note that a payment that is locked was paid, or set off: what it pays is settled.

    :param paid_as: the billing system's credit, or the trace number of the transfer; empty where all was set off
    :raises NotAllowed: if that was known, or it was returned
    """
    line.confirm(paid_as, at=now())
    line.save(update_fields=["status", "credit_id", "confirmed_at", "reconciliation"])
    on = today(line.reward.division)
    if line.dispute_id:
        settle_correction(line.dispute_id, line.amount, set_off=line.set_off, on=on, credit_id=paid_as)
    else:
        settle_reward(line.reward_id, line.amount, set_off=line.set_off, on=on, credit_id=paid_as)
