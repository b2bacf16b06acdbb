"""Where the servers of a data folder listen. Asking starts nothing, so that the settings may ask."""

from pathlib import Path

from config.local.postgres import Postgres
from config.local.redis_server import RedisServer, find_program

FILES_AS_QUEUE = "filesystem://"
"""The queue where there is no Redis for this system: files in the data folder, good enough for one machine."""


def database_url(data: Path) -> str:
    """Return the address of the embedded Postgres of this data folder."""
    return Postgres(data).url()


def redis_url(data: Path) -> str:
    """Return the address of the embedded Redis of this data folder, or of a queue in files where none can be had."""
    return RedisServer(data).url() if find_program() else FILES_AS_QUEUE


def file_queue_options(data: Path) -> dict[str, str]:
    """Return Celery's `broker_transport_options` for the queue in files; the folders are made."""
    folders = {option: data / "queue" / name for option, name in _QUEUE_FOLDERS.items()}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    return {option: str(folder) for option, folder in folders.items()}


_QUEUE_FOLDERS = {
    "data_folder_in": "messages",
    "data_folder_out": "messages",
    "control_folder": "control",
    "processed_folder": "processed",
}
