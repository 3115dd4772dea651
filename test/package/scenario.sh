#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The life of the packages on a machine with systemd: install the release before, provision, run; upgrade on trial, go back, upgrade for
# good; remove, purge. Runs inside the container that ./run boots; /out holds the packages and takes the results, one line each.
# @nist DI.IMS.1: the identifier is the same after an update.
set -u
exec >>/out/log 2>&1
results=/out/results
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
owner="--device unit --owner /root/owner --json"

ok() { echo "ok $*" >>"$results"; }
bad() {
	echo "FAILED $*" >>"$results"
	echo "== $*"
	journalctl --no-pager -n 25 -u thingward-device.service -u thingward-support.service -u application.service 2>/dev/null
}
check() { # name, command...
	name=$1
	shift
	echo "-- $name: $*"
	if "$@"; then ok "$name"; else bad "$name"; fi
}
answers() { # waits for the doors
	for _ in $(seq 100); do
		[ -S /run/thingward/admin.sock ] && thingward device health read --local /run/thingward/admin.sock --json >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	return 1
}
desk=/var/lib/thingward-support
main_pid() { systemctl show -P MainPID thingward-support.service; }
has_case() { thingward desk cases list --local "$desk/desk.sock" --json | grep -q Heat; }
identifier() { thingward device identity read $owner | sed -n 's/.*"identifier": *"\([^"]*\)".*/\1/p'; }
setting() { thingward device settings read identification.remote-read --local /run/thingward/admin.sock --json | sed -n 's/.*"version": *\([0-9]*\).*/\1/p'; }
leftovers() { # everything outside the package manager's own books
	find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /out -o -path /root -o -path /tmp -o -path /var/log -o -path /var/lib/dpkg -o -path /var/cache \) -prune \
		-o -name '*thingward*' -print
}
release() { thingward device capabilities read --local /run/thingward/admin.sock --json | sed -n 's/.*"software": *"\([^"]*\)".*/\1/p'; }
appears() { # waits for an event
	for _ in $(seq 100); do
		thingward device log read --local /run/thingward/admin.sock --json | grep -q "\"$1\"" && return 0
		sleep 0.05
	done
	return 1
}
second="--device unit --owner /root/second"
login() { thingward device login $second --account second --password-file "$@"; }
refused() { ! "$@"; }
differs() { [ -n "$1" ] && [ -n "$2" ] && [ "$1" != "$2" ]; }
same() { [ -n "$1" ] && [ "$1" = "$2" ]; }
no_output() { [ -z "$("$@" | tee -a /out/log)" ]; }

check "a device installs alone" dpkg -i /out/old/thingward-device_*.deb
check "installs tool, library and what fetches" dpkg -i /out/old/thingward_*.deb /out/old/libthingward*.deb /out/old/thingward-fetch_*.deb
check "checks its own files" dpkg -V thingward-device thingward-fetch thingward libthingward0 libthingward-dev
check "waits for provisioning without failing" sh -c '! systemctl is-failed --quiet thingward-device.service'
check "each role has an account of its own" sh -c 'test "$(cut -d" " -f2 /etc/thingward/roles.tab | sort -u | wc -l)" = 13'

check "the server installs alone" dpkg -i /out/old/thingward-support_*.deb
check "the server's files are checked" dpkg -V thingward-support
check "the server waits until it is known whose it is" sh -c '! systemctl is-failed --quiet thingward-support.service && ! systemctl is-active --quiet thingward-support.service'
check "each role of the server has an account of its own" sh -c 'test "$(cut -d" " -f2 /var/lib/thingward-support/roles.tab | sort -u | wc -l)" = 7'
printf '{"name":"Example Works","site":"https://security.example.com","contacts":["mailto:psirt@example.com"],"expires":"2099-01-01T00:00:00Z"}' >/root/desk.json
check "the server is set up" thingward-support init --dir "$desk" --from /root/desk.json
check "nothing is wrong with it" thingward-support check --dir "$desk"
printf 'LISTEN=127.0.0.1:9443\n' >/etc/default/thingward-support # 8443 is the device's here
check "the server starts as a unit of systemd" systemctl start thingward-support.service
check "it takes a case" thingward desk case create --title Heat --local "$desk/desk.sock"
check "it takes its certificate again" systemctl reload thingward-support.service
served=$(main_pid)

cd /root || exit 1
thingward product init --example product && thingward ca init ca --unprotected
check "provisions" thingward provision --ca ca --product product --serial PKG-1 --state /var/lib/thingward --config /etc/thingward --label label.json --address 127.0.0.1:8443
check "starts as a unit of systemd" systemctl start thingward-device.service
check "answers" answers
check "is taken over" thingward device takeover --label label.json --owner /root/owner --device 127.0.0.1:8443 --name tester --as unit
thingward device settings change identification.remote-read off $owner
thingward device settings change identification.remote-read on $owner
before=$(identifier)
old=$(release)
check "reads its identity" test -n "$before"

printf 'six windows and a door\n' >given
printf 'seven doors and no window\n' >chosen

# On trial: nobody reports that the application is well, so the boot is not confirmed and the store stays as the release before reads it.
check "upgrades" dpkg -i /out/new/*.deb
check "answers after the upgrade" answers
check "runs the new release" differs "$old" "$(release)"
check "keeps its identifier through an update" same "$before" "$(identifier)"
check "keeps its state through an update" same 2 "$(setting)"
thingward device settings change identification.remote-read off $owner
other=$(thingward device accounts make --name second --kind person $owner | sed -n 's/.*"account": *"\([^"]*\)".*/\1/p')
check "has a second owner while on trial" thingward device accounts role-give --account "$other" --role owner $owner
check "hashes a password" thingward device passwords set "$other" --password-file given $owner
check "lets the second owner in" login given --new-password-file chosen --known /root/owner/devices/unit.json

check "the server was started anew by its upgrade" differs "$served" "$(main_pid)"
check "the server keeps its cases" has_case
check "and its log" thingward log verify "$desk/log" --device-cert "$desk/keys/identity.crt"

check "goes back while on trial" dpkg -i --force-downgrade /out/old/*.deb
check "answers after going back" answers
check "runs the old release" same "$old" "$(release)"
check "keeps through going back what was changed on trial" same 3 "$(setting)"
check "still knows its owner" thingward device settings list $owner
check "still knows the owner of the trial" thingward device settings list $second
check "lets the owner of the trial in" login chosen
check "parts with the owner of the trial" thingward device accounts suspend "$other" $owner

check "upgrades again" dpkg -i /out/new/*.deb
check "answers after the second upgrade" answers
check "still knows its owner after the second upgrade" thingward device settings list $owner
check "knows that the other was parted with" refused login chosen
install -m 755 /out/thermostat /usr/local/bin/ # its user cannot look into /out
systemd-run --quiet --unit=application --uid=thingward-app /usr/local/bin/thermostat --socket /run/thingward/events.sock
check "is confirmed by the application's report" appears "device.confirmed"
check "goes over to the store's new format" appears "store.migrated"
check "keeps its state" same 3 "$(setting)"
check "runs the product's application on the installed library" systemctl is-active --quiet application
systemctl stop application
check "has a log that verifies" thingward log verify /var/lib/thingward/log --device-cert /var/lib/thingward/keys/identity.crt

check "stops cleanly" systemctl stop thingward-device.service
check "stopped with success" sh -c 'test "$(systemctl show -P Result thingward-device.service)" = success'
systemctl start thingward-device.service
check "is removed" dpkg -r thingward-support-postgresql thingward-support thingward-device thingward-fetch thingward libthingward-dev libthingward0
check "leaves nothing running" sh -c '! pgrep -x "thingward-.*"'
check "keeps what the unit is" test -s /etc/thingward/product.manifest -a -d /var/lib/thingward/keys
check "keeps what the server was told" test -s "$desk/app/support.db" -a -s "$desk/keys/identity.key" -a -s "$desk/app/desk.json"
check "is purged" dpkg -P thingward-support-postgresql thingward-support thingward-device thingward-fetch thingward libthingward-dev libthingward0
check "leaves no file" no_output leftovers
check "leaves no account" sh -c '! grep thingward /etc/passwd /etc/group /etc/shadow'
echo end >>"$results"
