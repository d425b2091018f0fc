# shellcheck shell=bash
# shellcheck disable=SC2034  # the settings are read by the scripts
# Shared by the scripts of this directory: settings, messages, and where the private database lives.
set -euo pipefail
# The cluster's owner must be able to enter what root makes; what is secret is made with its own mode.
umask 022

# Without this a script goes on when Ctrl-C met a child that made an ordinary failure of it, as initdb does.
trap 'exit 130' INT

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LOCAL=$ROOT/packaging/local
cd "$ROOT"

# Called from a Makefile: the makes that the scripts start are not parts of that one.
unset MAKEFLAGS MFLAGS MAKELEVEL
# The private cluster is addressed in full; settings meant for another server must not leak in.
unset PGHOSTADDR PGSERVICE PGOPTIONS PGPASSWORD

say() { printf '%s\n' "$*"; }

die()
{
	printf 'evently: %s\n' "$*" >&2
	exit 1
}

# step LABEL LOGFILE COMMAND...: one line for what takes a while; the output goes to LOGFILE, its end is shown on failure.
# Not to be used in a condition: there bash would let COMMAND run on after a failure.
step()
{
	local label=$1 log=$2 began=$SECONDS status
	shift 2
	mkdir -p "$(dirname "$log")"
	printf '%s ... ' "$label"
	set +e
	(set -e && "$@") >"$log" 2>&1 </dev/null
	status=$?
	set -e
	if [ "$status" != 0 ]; then
		printf 'failed\n'
		tail -n 30 "$log" >&2
		die "$label failed; all of its output is in $log"
	fi
	printf '%d s\n' $((SECONDS - began))
}

# setting NAME DEFAULT: from the environment (even if empty), else from .env as the web app reads it, else the default.
setting()
{
	local value=${!1-}
	if [ -z "${!1+set}" ] && [ -f .env ]; then
		value=$(sed -nE "s/^[[:space:]]*(export[[:space:]]+)?$1[[:space:]]*=[[:space:]]*//p" .env | tail -n 1 |
			sed -E "s/^\"([^\"]*)\".*/\1/; t; s/^'([^']*)'.*/\1/; t; s/ #.*//; s/[[:space:]]+\$//")
	fi
	printf '%s' "${value:-$2}"
}

EVENTLY_HOME=$(realpath -ms "$(setting EVENTLY_HOME .evently)")
EVENTLY_PORT=$(setting EVENTLY_PORT "$(setting PORT 8080)")
EVENTLY_BIND=$(setting EVENTLY_BIND 127.0.0.1)
EVENTLY_EXTRA_PORTS=$(setting EVENTLY_EXTRA_PORTS '')
EVENTLY_DATABASE_URL=$(setting EVENTLY_DATABASE_URL '')
EVENTLY_ENV=$(setting EVENTLY_ENV development)
HOME_HASH=$(printf '%s' "$EVENTLY_HOME" | sha256sum | cut -c 1-12)
LOGS=$EVENTLY_HOME/log
PG_CONFIG=${PG_CONFIG:-/usr/lib/postgresql/15/bin/pg_config}
[ -x "$PG_CONFIG" ] || PG_CONFIG=pg_config

is_root() { [ "$(id -u)" = 0 ]; }

# Is EVENTLY_DATABASE_URL to be used, in place of a private cluster?
is_external() { [ -n "$EVENTLY_DATABASE_URL" ]; }

# need_root WHAT COMMAND: can we become root? Asked before a step begins, as a password can't be typed inside one.
need_root()
{
	is_root && return
	command -v sudo >/dev/null || die "$1 needs root, and there is no sudo. As root, run: $2"
	sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; } || die "$1 needs root, and sudo refuses. As root, run: $2"
}

as_root() { if is_root; then "$@"; else sudo "$@"; fi; }

# PostgreSQL refuses to run as root: the private cluster then belongs to postgres.
cluster_owner() { if is_root; then echo postgres; else id -un; fi; }

as_cluster_owner()
{
	if is_root; then
		(cd / && exec runuser -u postgres -- "$@")
	else
		"$@"
	fi
}

pg_bin() { printf '%s/%s' "$("$PG_CONFIG" --bindir)" "$1"; }

# The private cluster's directory: EVENTLY_HOME, or /var/lib/evently/<hash> where postgres can't reach that.
# Then EVENTLY_HOME/pgdata is a link to its data.
cluster_dir()
{
	if [ -L "$EVENTLY_HOME/pgdata" ]; then
		dirname "$(readlink "$EVENTLY_HOME/pgdata")"
	elif is_root && ! as_cluster_owner test -x "$EVENTLY_HOME"; then
		printf '/var/lib/evently/%s' "$HOME_HASH"
	else
		printf '%s' "$EVENTLY_HOME"
	fi
}

# Only the cluster's owner (and root) can enter this directory. That is the access control of the private cluster:
# it listens on no network address, and trusts whoever reaches the socket.
socket_dir()
{
	local LC_ALL=C dir
	dir=$(cluster_dir)/run
	# A socket's path has 107 bytes; "/.s.PGSQL.5432.lock" takes 19 of them.
	if [ ${#dir} -gt 88 ]; then
		dir=/tmp/evently-$(id -u)-$HOME_HASH
	fi
	printf '%s' "$dir"
}

# Point libpq's programs at the private cluster, as its superuser.
use_private_cluster()
{
	PGHOST=$(socket_dir)
	export PGHOST PGPORT=5432 PGUSER=postgres PGDATABASE=evently
}

# The environment of the web app. Its role in the private cluster may call the functions and nothing else.
shim_environment()
{
	local host
	if ! is_external; then
		host=$(socket_dir)
		host=${host//%/%25} host=${host// /%20} host=${host//&/%26} host=${host//+/%2B}
		EVENTLY_DATABASE_URL="postgresql://evently_shim@/evently?host=$host&port=5432"
	fi
	export EVENTLY_HOME EVENTLY_PORT EVENTLY_DATABASE_URL EVENTLY_ENV
}

# psql as whoever sets the database up; after use_private_cluster, or with EVENTLY_DATABASE_URL.
sql() { "$(pg_bin psql)" -XqAt -v ON_ERROR_STOP=1 ${EVENTLY_DATABASE_URL:+-d "$EVENTLY_DATABASE_URL"} "$@"; }

# The script that CREATE EXTENSION runs, as built.
install_script() { sed -n "s|^default_version = '\(.*\)'|build/evently--\1.sql|p" extension/evently.control; }

# The socket inode of whoever listens on this TCP port, on whatever address; nothing when the port is free.
port_listener()
{
	awk -v port="$(printf ':%04X$' "$1")" '$4 == "0A" && $2 ~ port { print $10; exit }' /proc/net/tcp /proc/net/tcp6 2>/dev/null ||
		true
}

# The process that has a socket, as far as we may see it.
socket_owner()
{
	local fd pid
	fd=$(find /proc/[0-9]*/fd -lname "socket:\[$1\]" -print -quit 2>/dev/null || true)
	pid=$(cut -d / -f 3 <<<"$fd")
	if [ -n "$pid" ]; then
		printf 'process %s (%s)' "$pid" "$(cat "/proc/$pid/comm")"
	else
		printf 'another program'
	fi
}

claim_home()
{
	if ! mkdir -p "$LOGS" 2>/dev/null || ! [ -w "$EVENTLY_HOME" ] || ! [ -w "$LOGS" ]; then
		die "$(id -un) can't write to $EVENTLY_HOME. Run as the user who made it, or choose another EVENTLY_HOME"
	fi
}

# Before anything is started: can the web app have its ports?
check_ports()
{
	local port listener
	if [ "$(recorded "$SHIM_PID_FILE" port)" = "$EVENTLY_PORT" ]; then
		return
	fi
	for port in "$EVENTLY_PORT" ${EVENTLY_EXTRA_PORTS//,/ }; do
		[[ $port =~ ^[0-9]{1,5}$ ]] || die "\"$port\" is not a port number (EVENTLY_PORT, EVENTLY_EXTRA_PORTS)"
		listener=$(port_listener "$port")
		if [ -n "$listener" ]; then
			die "port $port is taken by $(socket_owner "$listener"). Choose another one, e.g.: make up EVENTLY_PORT=$((port + 1))"
		fi
	done
}

# When a process began, in ticks since boot: with the pid, its identity. A zombie has ended.
start_time() { sed -n 's/.*) [^Z] //p' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 19; }

# Pid files of the web app and of a make run in charge: pid, start time; for the web app also port and fingerprint.
SHIM_PID_FILE=$EVENTLY_HOME/shim.pid
RUN_PID_FILE=$EVENTLY_HOME/run.pid

# recorded FILE FIELD: a field of a pid file, if its process still runs. A file left behind counts for nothing.
recorded()
{
	local pid began port fingerprint
	read -r pid began port fingerprint 2>/dev/null <"$1" || return 1
	[ -n "$began" ] && [ "$(start_time "$pid")" = "$began" ] || return 1
	case $2 in
	pid) echo "$pid" ;;
	port) echo "$port" ;;
	fingerprint) echo "$fingerprint" ;;
	esac
}

# end_recorded FILE SECONDS: end its process; kill it when it takes longer.
end_recorded()
{
	local pid deadline=$((SECONDS + $2))
	pid=$(recorded "$1" pid) || return 0
	kill -TERM "$pid"
	while [ "$(recorded "$1" pid)" = "$pid" ]; do
		if [ $SECONDS -ge $deadline ]; then
			kill -KILL "$pid"
		fi
		sleep 0.05
	done
}

# Told to end, a make run stops all it started. Two in charge of one EVENTLY_HOME would undo each other's work.
end_run()
{
	if recorded "$RUN_PID_FILE" pid >/dev/null; then
		[ ! -x shim/build/evently ] || "$LOCAL/config" >/dev/null
		step "Ending the make run that is in charge here" "$LOGS/stop.log" end_recorded "$RUN_PID_FILE" 120
	fi
}

greet()
{
	say "Evently serves http://127.0.0.1:$EVENTLY_PORT"
	if ! is_external; then
		say "  sign in:  admin@example.com, user1@example.com or user2@example.com, password qwerty"
		say "  SQL:      make psql"
	fi
	say "  logs:     $LOGS"
}
