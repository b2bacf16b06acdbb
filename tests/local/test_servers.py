import os
from pathlib import Path

import psycopg2
import pytest
import redis

from config.local.postgres import Postgres
from config.local.processes import LocalError
from config.local.redis_server import RedisServer

NEEDED_EXTENSIONS = {"pg_trgm", "btree_gist", "unaccent", "citext"}


def run(server: Postgres, statement: str) -> list[tuple]:
    connection = psycopg2.connect(server.url())
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    if os.geteuid() == 0:  # the server's account must get through pytest's private folders
        for parent in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
            parent.chmod(0o711)
    return tmp_path / "data"


@pytest.fixture
def postgres(data: Path):
    server = Postgres(data, is_durable=False)
    server.start()
    yield server
    server.stop()


class TestPostgres:
    def test_keeps_its_data_over_a_stop_and_over_a_crash(self, postgres, data):
        run(postgres, "CREATE TABLE kept AS SELECT 1 AS number")
        postgres.stop()
        again = Postgres(data)

        again.start()
        run(again, "INSERT INTO kept VALUES (2)")
        again.crash()
        again.start()

        assert run(again, "SELECT number FROM kept ORDER BY number") == [(1,), (2,)]
        again.stop()
        assert not again.is_running()

    def test_brings_the_extensions_that_the_apps_use(self, postgres):
        available = {name for (name,) in run(postgres, "SELECT name FROM pg_available_extensions")}

        assert available >= NEEDED_EXTENSIONS

    def test_is_used_but_not_stopped_by_a_second_caller(self, postgres, data):
        second = Postgres(data)
        second.start()
        second.stop()

        assert run(postgres, "SELECT 1") == [(1,)]

    def test_is_not_misled_by_the_pid_file_of_another_process(self, postgres):
        postgres.stop()
        (postgres.cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{postgres.cluster}\n")

        postgres.start()

        assert run(postgres, "SELECT 1") == [(1,)]

    def test_names_its_address_before_it_runs(self, data):
        assert Postgres(data).url().startswith("postgres://postgres@/order_entry?host=")
        assert not data.exists()

    def test_keeps_its_socket_elsewhere_where_the_path_is_too_long_for_one(self, data):
        deep = data / ("long-" * 20)

        assert len(str(Postgres(deep).socket)) < 60
        assert Postgres(deep).socket != Postgres(data / ("other" * 20)).socket

    def test_leaves_a_private_folder_private(self, tmp_path, monkeypatch):
        monkeypatch.setattr("os.geteuid", lambda: 0)
        private = tmp_path / "private"
        private.mkdir(mode=0o700)

        place = Postgres(private / "data").place

        assert tmp_path not in place.parents
        assert private.stat().st_mode & 0o777 == 0o700


class TestRedis:
    @pytest.fixture
    def server(self, tmp_path):
        server = RedisServer(tmp_path)
        server.start()
        yield server
        server.stop()

    def client(self, server: RedisServer) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(server.socket))

    def test_loses_nothing_by_a_kill(self, server):
        self.client(server).rpush("queue", *range(100))

        server.crash()
        server.start()

        assert self.client(server).llen("queue") == 100

    def test_can_be_emptied(self, server):
        self.client(server).rpush("queue", "task")

        server.crash()
        server.forget()
        server.start()

        assert self.client(server).llen("queue") == 0

    def test_never_evicts(self, server):
        assert self.client(server).config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}

    def test_says_when_there_is_no_program(self, tmp_path, monkeypatch):
        monkeypatch.setattr("config.local.redis_server.find_program", lambda: None)

        with pytest.raises(LocalError, match="no redis-server"):
            RedisServer(tmp_path).start()
