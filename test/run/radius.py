# SPDX-License-Identifier: Apache-2.0
"""FreeRADIUS with a configuration of its own on the loopback interface, as a child without privileges that ends with the test."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

USER = 58790  # of no account
SECRET = "a secret shared with the device"
CONFIG = """
name = thingward
libdir = /usr/lib/freeradius
logdir = {folder}
run_dir = {folder}
log {{
	destination = stdout
	auth = no
}}
security {{
	reject_delay = 0
	status_server = no
}}
thread pool {{
	start_servers = 1
	max_servers = 1
	min_spare_servers = 1
	max_spare_servers = 1
}}
modules {{
	pap {{
	}}
	always handled {{
		rcode = handled
	}}
}}
client device {{
	ipaddr = 127.0.0.1
	secret = "{secret}"
	require_message_authenticator = yes
}}
server thingward {{
	listen {{
		type = auth
		ipaddr = 127.0.0.1
		port = {port}
	}}
	authorize {{
		if (&User-Name == "challenged") {{
			update control {{
				&Response-Packet-Type := Access-Challenge
			}}
			update reply {{
				&State := 0x01
				&Message-Authenticator := 0x00
			}}
			handled
		}}
		{people}
		pap
	}}
	authenticate {{
		Auth-Type PAP {{
			pap
		}}
	}}
	post-auth {{
		update reply {{
			&Message-Authenticator := 0x00
		}}
		Post-Auth-Type REJECT {{
			update reply {{
				&Message-Authenticator := 0x00
			}}
		}}
	}}
}}
"""


def program():
    return shutil.which("freeradius") or shutil.which("freeradius", path="/usr/sbin:/sbin")


class FreeRadius:
    def __init__(self, process, port):
        self.process, self.port = process, port

    @property
    def place(self):
        return f"127.0.0.1:{self.port}"

    def pause(self):
        """It is there, and says nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def freeradius(people):
    """people: passwords by name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        port = line.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        rows = "\n".join(f'if (&User-Name == "{name}") {{\nupdate control {{\n&Cleartext-Password := "{password}"\n}}\n}}' for name, password in people.items())
        Path(folder, "radiusd.conf").write_text(CONFIG.format(folder=folder, secret=SECRET, port=port, people=rows))
        os.chmod(folder, 0o755)
        who = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
        process = subprocess.Popen([program(), "-f", "-l", "stdout", "-d", folder, "-n", "radiusd"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, **who)
        try:
            said = []
            for text in process.stdout:
                said.append(text)
                if "Ready to process requests" in text:
                    break
            else:
                raise AssertionError("".join(said))
            yield FreeRadius(process, port)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
