# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of the distribution's package for tests: of its own folder, on a Unix socket alone, without privileges, and gone with the test.

Of one that was killed the next that makes a server removes the folder; a server that is still there then ends by itself, since its own file is gone."""
import fcntl
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")
MEMORY, PREFIX, LOCK = pathlib.Path("/dev/shm"), "tw-pg-", "held"  # in memory, as src/service/test-dir.h: what is killed are processes
USER = "postgres"  # as root: whom the package makes; the server refuses to be root's


def missing():
    if not (PROGRAMS / "postgres").exists():
        return "no postgresql-15; tools/install-packages tests"
    return None


def sweep(folder=MEMORY, old_s=86400):
    """Folders of tests that are no more: nobody holds the lock; or one that was made long ago, before there was a lock."""
    for one in folder.glob(PREFIX + "*"):
        try:
            with open(one / LOCK, "rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(one, ignore_errors=True)
        except FileNotFoundError:
            try:
                if time.time() - one.stat().st_mtime > old_s:
                    shutil.rmtree(one, ignore_errors=True)
            except FileNotFoundError:
                pass
        except OSError:  # it lives, or is another user's
            pass


class Server:
    def __init__(self, more=()):
        sweep()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=PREFIX, dir=MEMORY))
        self.lock = open(self.dir / "new", "wb")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        (self.dir / "new").rename(self.dir / LOCK)  # under its name it is held from the first moment on
        self.socket = self.dir / "s"
        self.socket.mkdir(mode=0o755)
        self.dir.chmod(0o755)
        self.data, self.process, self.more, self.port = self.dir / "data", None, more, 5432
        self.who = pwd.getpwnam(USER) if os.geteuid() == 0 else None
        if self.who:
            os.chown(self.dir, self.who.pw_uid, self.who.pw_gid)
            os.chown(self.socket, self.who.pw_uid, self.who.pw_gid)
        self._run("initdb", "-D", self.data, "-U", "desk", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")

    def _as(self):
        return {"user": self.who.pw_uid, "group": self.who.pw_gid, "extra_groups": []} if self.who else {}

    def _run(self, program, *words):
        done = subprocess.run([PROGRAMS / program, *words], cwd=self.dir, env={"LC_ALL": "C", "PATH": "/usr/bin"}, capture_output=True, text=True,
                              timeout=60, check=False, **self._as())
        assert done.returncode == 0, (program, words, done.stdout, done.stderr)
        return done.stdout

    def at(self, port):
        """Over TCP as well, from the next start on."""
        self.port, self.more = port, (*self.more, f"port={port}", "listen_addresses=127.0.0.1")
        return self

    def tls(self, pem):
        """The certificate and key that it shows, from the next start or reload on."""
        target = self.data / "server.pem"
        target.write_text(pem)
        target.chmod(0o600)
        if self.who:
            os.chown(target, self.who.pw_uid, self.who.pw_gid)
        self.more = (*self.more, "ssl=on", "ssl_cert_file=server.pem", "ssl_key_file=server.pem")

    def lets_in(self, *lines):
        """Of the network; over its socket everybody."""
        (self.data / "pg_hba.conf").write_text("\n".join(["local all all trust", *lines, ""]))
        if self.process:
            self.sql("SELECT pg_reload_conf()")

    def start(self):
        with open(self.dir / "log", "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAMS / "postgres", "-D", self.data, "-k", self.socket, "-c", "listen_addresses=", "-c", "port=5432", "-c", "shared_buffers=16MB",
                 "-c", "max_connections=20", "-c", "recovery_init_sync_method=syncfs", *(w for m in self.more for w in ("-c", m))],
                cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={"LC_ALL": "C"}, **self._as())
        end = time.monotonic() + 20
        while subprocess.run([PROGRAMS / "pg_isready", "-q", "-h", self.socket, "-p", str(self.port), "-U", "desk", "-d", "postgres"], check=False).returncode:
            assert time.monotonic() < end and self.process.poll() is None, self.log()
            time.sleep(0.02)
        return self

    def pid(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def kill(self):
        """As a power cut of the machine that it runs on, for the server: it and each of its processes, at once."""
        children = [int(p) for p in pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()]
        self.process.kill()
        for child in children:
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(20)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast: whoever is connected is not waited for
            self.process.wait(20)

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)
        self.lock.close()

    def log(self):
        return (self.dir / "log").read_text()

    def url(self, schema=None, database="postgres", user="desk"):
        return f"postgresql:///{database}?host={self.socket}&user={user}" + (f"&schema={schema}" if schema else "")

    def sql(self, text, database="postgres"):
        return self._run("psql", "-h", self.socket, "-p", str(self.port), "-U", "desk", "-d", database, "-Atq", "-v", "ON_ERROR_STOP=1", "-c", text).strip()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()
