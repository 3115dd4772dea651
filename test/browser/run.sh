#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The browser tests: installs their pinned npm packages beside this file when they are missing, then runs them.
# Closes with "N passed, M failed, K skipped". Arguments choose tests by words in their names.
set -eu
cd "$(dirname "$0")"
if ! command -v node >/dev/null || ! node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)'; then
	echo "skipped - browser tests: they need Node.js 20 or newer"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi
if ! cmp -s package-lock.json node_modules/.installed-lock; then
	npm ci --ignore-scripts --silent
	cp package-lock.json node_modules/.installed-lock
fi
exec node run.js "$@"
