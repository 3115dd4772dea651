#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a program of this tree on another kernel: boots Debian's in qemu, with the host's own files as its root.

    done = machine.boot([machine.PYTHON, "test/machine/guest.py"], modules=["mac80211_hwsim radios=2"])
    done.status, done.said, done.console

As a program, `test/machine/machine.py [--module NAME]... COMMAND [ARGUMENT...]` prints what the command said and ends as it ended.

No image is built: the root is the host's, shared read-only by 9p, so a boot takes seconds. Only emulation is used, because what
is tested must not depend on what the host's processor lends. The kernel is a Debian package that is fetched, not installed, and
kept unpacked under build/. TW_KERNEL names another one; TW_BUILD is handed on.
"""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
QEMU, BUSYBOX = "qemu-system-x86_64", "busybox"
PACKAGE = os.environ.get("TW_KERNEL", "linux-image-amd64")
NEEDED = ("virtio_pci", "9pnet_virtio", "9p")  # to see the host's files at all
# Drivers of hardware that a virtual machine never has. A simulated camera (vivid) and sound card (snd-aloop) stay; simulated radios (mac80211_hwsim) stand beside the makers' folders and stay.
UNWANTED = ("drivers/gpu", *(f"drivers/media/{kind}" for kind in ("dvb*", "i2c", "pci", "platform", "radio", "spi", "tuners", "usb")), "drivers/infiniband", "drivers/net/ethernet", "drivers/net/wireless/*/*", "drivers/scsi/*/*",
            *(f"sound/{kind}" for kind in ("firewire", "hd*", "isa", "pci", "pcmcia", "soc", "usb")))
MEMORY, PROCESSORS = "768M", "2"


class Failed(Exception):
    pass


class Done:
    """What became of a boot. status is None when the command did not come to its end; not_loaded: modules that the kernel refused."""

    def __init__(self, status, said, console, seconds, not_loaded=()):
        self.status, self.said, self.console, self.seconds, self.not_loaded = status, said, console, seconds, not_loaded


def command(*words, **options):
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise Failed(f"{words[0]} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


def why_not():
    """Why no machine can be booted here, or None. Fetches the kernel when it is not there yet."""
    for name in (QEMU, BUSYBOX, "apt-get", "dpkg-deb"):
        if not shutil.which(name):
            return f"needs {name}"
    try:
        kernel()
    except Failed as failure:
        return f"no kernel: {failure}"
    return None


def image_package():
    """The kernel behind a name like linux-image-amd64, which only points to the newest."""
    for line in command("apt-cache", "depends", PACKAGE).splitlines():
        if m := re.match(r"\s*Depends: (linux-image-\S+)", line):
            return m[1]
    return PACKAGE


def kernel():
    """The folder with vmlinuz and modules/ of the kernel; fetched and unpacked once for each version."""
    name = image_package()
    folder = ROOT / "build" / f"kernel-{name}-3"  # 3: what is kept of it; another number is another selection
    if folder.is_dir():
        return folder
    folder.parent.mkdir(exist_ok=True)
    for old in folder.parent.glob("kernel-linux-image-*"):
        shutil.rmtree(old)
    with tempfile.TemporaryDirectory(prefix="kernel-", dir=folder.parent) as scratch:
        try:
            command("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", name, cwd=scratch, timeout=60)
        except subprocess.TimeoutExpired as late:
            raise Failed("apt-get download takes too long") from late
        package = next(Path(scratch).glob("*.deb"))
        unpack = f"dpkg-deb --fsys-tarfile {shlex.quote(str(package))} | tar -x --wildcards " + " ".join(f"--exclude='*/kernel/{one}'" for one in UNWANTED)
        command("sh", "-c", unpack + " './boot/vmlinuz-*' '*/lib/modules/*'", cwd=scratch)
        fresh = Path(scratch) / "fresh"
        fresh.mkdir()
        next(Path(scratch).glob("boot/vmlinuz-*")).rename(fresh / "vmlinuz")
        next(Path(scratch).glob("**/lib/modules/*/kernel")).rename(fresh / "modules")
        next(Path(scratch).glob("**/lib/modules/*/modules.builtin")).rename(fresh / "modules/builtin")
        fresh.rename(folder)
    return folder


def plain(name):
    return name.replace("-", "_")


def in_order(found, built_in, wanted):
    """The modules wanted and what they rest on, the foundations first. Each module names its own."""
    order = []

    def add(name):
        name = plain(name)
        if name in order or name in built_in:
            return
        if name not in found:
            raise Failed(f"this kernel has no module {name}, or it is among those not unpacked")
        rests_on = re.search(rb"\0depends=([^\0]*)\0", found[name].read_bytes())
        for other in rests_on[1].decode().split(",") if rests_on else ():
            if other:
                add(other)
        order.append(name)

    for name in wanted:
        add(name)
    return order


def initramfs(image, folder, modules):
    """What the kernel starts with: busybox, init and modules."""
    tree = folder / "initramfs"
    for name in ("bin", "proc", "sys", "dev", "host", "modules"):
        (tree / name).mkdir(parents=True)
    shutil.copy(shutil.which(BUSYBOX), tree / "bin/busybox")
    shutil.copy(HERE / "init", tree / "init")
    (tree / "init").chmod(0o755)
    found = {plain(path.stem): path for path in (image / "modules").glob("**/*.ko")}
    built_in = {plain(Path(line).stem) for line in (image / "modules/builtin").read_text().splitlines()}
    options = {plain(name): words for name, _, words in (one.partition(" ") for one in modules)}
    order = in_order(found, built_in, (*NEEDED, *options))
    for name in order:
        shutil.copy(found[name], tree / f"modules/{name}.ko")
    (tree / "modules/order").write_text("".join(f"{name} {options.get(name, '')}\n" for name in order))
    packed = folder / "initramfs.cpio"
    command("sh", "-c", f"find . | {BUSYBOX} cpio -o -H newc >../{packed.name}", cwd=tree)
    return packed


def emulator(image, packed, out, append):
    """no_timer_check: on a busy host no tick may come by while the kernel looks for one, and it would give up."""
    share = "security_model=none,multidevs=remap"
    return [QEMU, "-accel", "tcg", "-cpu", "max", "-smp", PROCESSORS, "-m", MEMORY, "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio",
            "-kernel", image / "vmlinuz", "-initrd", packed, "-append", f"console=ttyS0 quiet panic=-1 random.trust_cpu=on no_timer_check {append}".strip(),
            "-virtfs", f"local,path=/,mount_tag=host,readonly=on,{share}", "-virtfs", f"local,path={out},mount_tag=out,{share}"]


def boot(words, modules=(), append="", patience_s=90):
    """Boots, runs the command at the root of the tree as the machine's root, and waits until the machine is off.

    modules are loaded before the command starts, each a name and perhaps its options ("mac80211_hwsim radios=2"); one that the kernel
    does not have is an error here. append is for the kernel's command line. The command may write below /run (which
    TMPDIR names) and nowhere else; what it leaves in /run/out is lost with the scratch folder.
    """
    image, began = kernel(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tw-machine-") as scratch:
        folder = Path(scratch)
        out = folder / "out"
        out.mkdir()
        build = Path(os.environ.get("TW_BUILD", ROOT / "build")).resolve()
        (out / "command").write_text(f"cd {shlex.quote(str(ROOT))} || exit 127\nexport PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run/tmp TMPDIR=/run/tmp LC_ALL=C.UTF-8 "
                                     f"PYTHONDONTWRITEBYTECODE=1 TW_BUILD={shlex.quote(str(build))}\nexec {shlex.join(str(word) for word in words)}\n")
        packed = initramfs(image, folder, modules)
        with open(folder / "console", "wb") as console:
            try:
                subprocess.run([str(word) for word in emulator(image, packed, out, append)], stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT,
                               timeout=patience_s, check=False)
            except subprocess.TimeoutExpired:
                console.write(f"\n[ended after {patience_s} s]\n".encode())
        texts = {name: (folder / name).read_text(errors="replace") if (folder / name).exists() else "" for name in ("out/status", "out/said", "out/not-loaded", "console")}
        status = texts["out/status"].strip()
        return Done(int(status) if status else None, texts["out/said"], texts["console"], time.monotonic() - began,
                    tuple(texts["out/not-loaded"].split()))


def main():
    words, modules = sys.argv[1:], []
    while words[:1] == ["--module"] and len(words) > 1:
        modules.append(words[1])
        del words[:2]
    if not words:
        sys.exit(__doc__)
    if why := why_not():
        sys.exit(why)
    done = boot(words, modules)
    print(done.said, end="")
    for name in done.not_loaded:
        print(f"the kernel refused the module {name}", file=sys.stderr)
    if done.status is None:
        print(done.console, file=sys.stderr)
    return 1 if done.status is None else done.status


if __name__ == "__main__":
    sys.exit(main())
