"""What is looked for in regular turns."""

from celery import shared_task

from tickets import services


@shared_task
def send_due_answers() -> None:
    """Let the answers leave that can no longer be taken back, and tell of what was resolved."""
    while services.send_due_answers():
        pass
    while services.send_due_notices():
        pass


@shared_task
def close_silent_tickets() -> None:
    """Close what was resolved and not spoken of again."""
    while services.close_silent_tickets():
        pass


@shared_task
def route_waiting() -> None:
    """Find somebody for what waits, and tell the supervisors of what nobody can take."""
    services.route_waiting()


@shared_task
def sweep_clocks() -> None:
    """Compute anew what other hours have computed, then tell of the thresholds that clocks have reached."""
    while services.retime_clocks():
        pass
    while services.sweep_clocks():
        pass


@shared_task
def send_due_alerts() -> None:
    """Tell staff what waited for their hours to begin."""
    while services.send_due_alerts():
        pass


@shared_task
def miss_visits() -> None:
    """Find the visits to which nobody came."""
    while services.miss_visits():
        pass


@shared_task
def announce_maintenance() -> None:
    """Announce the maintenance that is near, and begin what is due."""
    services.outages.announce_maintenance()


@shared_task
def forget_unsent_files() -> None:
    """Delete the files that were chosen on forms which nobody sent."""
    services.forget_unsent_files()
