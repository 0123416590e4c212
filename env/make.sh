# Sourced by env/run when there is no ready environment: takes the first rung that fits.
# Everything is built under a name of its own and stamped last, so that a killed set-up leaves rubbish, never a trap.

LOG=$BASE/set-up.log
WORK=() # what to remove when the set-up ends early

make_environment() {
    local start=$SECONDS
    take_lock
    if is_ready "$READY"; then return; fi # another set-up finished while we waited
    trap 'clean "${WORK[@]:-/nonexistent}"' EXIT
    trap 'exit 130' INT TERM HUP
    : >"$LOG"
    remove_rubbish
    ROOTFS=
    rung_active || rung_conda || rung_root
    smoke_test || { add_libraries && smoke_test; } || failed "the new environment does not work"
    finish
    trap - EXIT INT TERM HUP
    exec 9>&-
    say "environment ready after $((SECONDS - start)) s"
}

# Children are started with 9>&-: an orphan that held the lock would block the next set-up for ever.
take_lock() {
    command -v flock >/dev/null || return 0
    exec 9>"$BASE/lock"
    flock -n 9 && return
    say "another set-up is at work in $BASE, waiting for it"
    flock 9
}

# Best effort: orphans of a killed set-up may still write; files of sub-uids need a user namespace.
clean() { rm -rf "$@" 2>/dev/null || unshare --map-root-user --map-auto rm -rf "$@" 2>/dev/null || true; }

remove_rubbish() {
    local d
    for d in "$BASE"/build.* "$BASE"/python-* "$BASE"/conda-*; do
        [ ! -e "$d" ] || [ -e "${d%.cache}/.stamp" ] || clean "$d"
    done
}

failed() {
    tail -n 20 "$LOG" >&2
    die "$* (whole log: $LOG)"
}

finish() {
    touch "$PREFIX/.stamp"
    printf 'KIND=%q\nPREFIX=%q\nROOTFS=%q\n' "$KIND" "$PREFIX" "$ROOTFS" >"$READY.$$"
    mv "$READY.$$" "$READY"
    WORK=()
}

new_prefix() { # kind, name
    KIND=$1 PREFIX=$BASE/$2-${READY##*-}.$(date +%s).$$
    WORK+=("$PREFIX" "$PREFIX.cache")
}

inside() { (enter "$@") >>"$LOG" 2>&1 9>&-; }

# --- rung 1: the active Python has dolfinx ---------------------------------------------------------------------

rung_active() {
    [ -n "$ACTIVE" ] || return 1
    python3 -c 'import dolfinx' >>"$LOG" 2>&1 9>&- || { say "dolfinx $ACTIVE is installed but does not import"; return 1; }
    say "dolfinx $ACTIVE found in $(command -v python3): adding the other packages in $BASE"
    new_prefix venv python
    make_venv || { apt_install python3-venv && make_venv; } || failed "python3 -m venv fails; Debian: apt-get install python3-venv"
    # a virtual environment made from another one sees the base only, so that the active one is named
    python3 - >"$(echo "$PREFIX"/lib/python3*/site-packages)/active.pth" <<'PY'
import sys, sysconfig
if sys.prefix != sys.base_prefix:
    print(*dict.fromkeys(sysconfig.get_path(p) for p in ("purelib", "platlib")), sep="\n")
PY
    install_packages
}

make_venv() { rm -rf "$PREFIX" && python3 -m venv --system-site-packages "$PREFIX" >>"$LOG" 2>&1 9>&-; }

# The numerical packages under dolfinx must stay those it was built with.
install_packages() {
    (enter python -m pip list --format=freeze) 2>>"$LOG" 9>&- |
        grep -iE '^(numpy|scipy|mpi4py|petsc4py|slepc4py|fenics-[a-z]*|cffi|setuptools)==' >"$PREFIX/constraints.txt" || true
    inside python -m pip install -q --disable-pip-version-check -c "$PREFIX/constraints.txt" -r "$PROJECT/env/requirements.txt" ||
        failed "pip could not install the packages of env/requirements.txt"
}

# --- rung 2: conda ---------------------------------------------------------------------------------------------

rung_conda() {
    local tool found=
    [ "$SUITE" = trixie ] || return 1
    for tool in micromamba mamba conda; do
        if command -v "$tool" >/dev/null; then found=$tool && break; fi
    done
    [ -n "$found" ] || return 1
    say "making a conda environment in $BASE with $found, some minutes and 4 GB"
    new_prefix conda conda
    local create=(create) && [ "$found" = micromamba ] || create=(env create)
    "$found" "${create[@]}" -y -p "$PREFIX" -f "$PROJECT/env/environment.yml" >>"$LOG" 2>&1 9>&- && return
    say "$found failed (log: $LOG); trying a private Debian root"
    clean "$PREFIX"
    return 1
}

# --- rung 3: a private Debian root -----------------------------------------------------------------------------

rung_root() {
    local list
    [ "$(uname)" = Linux ] || die "no dolfinx >= 0.9 and no conda: install micromamba, then run this again"
    list=$(debian_packages | tr ' ' ,)
    ROOTFS=$BASE/root-$SUITE-$(echo "$RECIPE $SUITE $list" | digest)
    need_tools
    [ -e "$ROOTFS/.stamp" ] || build_root "$list"
    new_prefix root python
    say "adding the Python packages (about half a minute)"
    inside /usr/bin/python3 -m venv --system-site-packages "$PREFIX" || failed "the private root does not start"
    install_packages
}

# What every suite gets, and what only this one carries.
debian_packages() {
    { cat "$PROJECT/env/packages.txt" "$PROJECT/env/packages-$SUITE.txt" 2>/dev/null || true; } | sed 's/#.*//' | xargs
}

build_root() { # packages
    local w=$BASE/build.$(date +%s).$$ tmp d die_with_us=() start=$SECONDS
    local options=(--mode=auto --variant=apt --format=tar --dpkgopt=force-unsafe-io
        --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "5"'
        --aptopt='Acquire::Check-Valid-Until "false"')
    [ "$(df -Pk "$BASE" | awk 'NR == 2 { print $4 }')" -gt 5000000 ] || die "$BASE needs 5 GB of free disk: set HOLDERSIM_ENV"
    say "building a private Debian $SUITE with FEniCS in $BASE: once, 1 to 2 minutes, 3 GB"
    WORK+=("$w") tmp=$w/tmp
    mkdir -p "$w/root" "$tmp"
    # sub-uids cannot look into a private home, but into /var/tmp
    [ "$(id -u)" = 0 ] || { tmp=$(mktemp -d /var/tmp/holdersim.XXXXXX) && chmod 755 "$tmp" && WORK+=("$tmp"); }
    ! setpriv --pdeathsig TERM true 2>/dev/null || die_with_us=(setpriv --pdeathsig TERM)
    # the tree is built aside, so that a power cut costs a retry: no need to wait for the disk after each package
    for d in doc man locale javascript; do options+=(--dpkgopt="path-exclude=/usr/share/$d/*"); done
    # pulled by FEniCS for compiling in C++, which holdersim does not: half of the files
    for d in include/boost libexec/valgrind 'lib/*/valgrind'; do options+=(--dpkgopt="path-exclude=/usr/$d/*"); done
    TMPDIR=$tmp ${die_with_us[@]+"${die_with_us[@]}"} timeout -k 10 1800 mmdebstrap "${options[@]}" \
        --include="$1" "$SUITE" - 2>>"$LOG" 9>&- |
        tar -x -C "$w/root" --no-same-owner --no-same-permissions --exclude='./dev/*' 2>>"$LOG" 9>&- ||
        failed "mmdebstrap could not build the private root"
    finish_root "$w/root"
    say "private root ready after $((SECONDS - start)) s"
    clean "$w" "$tmp"
}

finish_root() { # folder
    local f
    chmod -R u+rwX "$1"
    case $(readlink "$1"/etc/alternatives/libblas.so.3-*) in
        *openblas*) ;;
        *) failed "the private root has no OpenBLAS" ;;
    esac
    # mount points for files of the host
    for f in resolv.conf hosts pip.conf; do rm -f "$1/etc/$f" && touch "$1/etc/$f"; done
    touch "$1/.stamp"
    clean "$ROOTFS"
    mv "$1" "$ROOTFS"
}

need_tools() {
    local tools=(mmdebstrap bwrap) t missing=
    [ "$(id -u)" = 0 ] || tools+=(newuidmap)
    for t in "${tools[@]}"; do command -v "$t" >/dev/null || missing+=" $t"; done
    if [ -n "$missing" ]; then
        apt_install mmdebstrap bubblewrap uidmap || die "missing:$missing. Either an administrator runs \
'apt-get install mmdebstrap bubblewrap uidmap', or you install conda or micromamba; then run this again"
    fi
    [ "$(id -u)" = 0 ] || [ -e "$ROOTFS/.stamp" ] || grep -qsE "^($(id -un 2>/dev/null)|$(id -u)):" /etc/subuid ||
        die "this user has no range in /etc/subuid, which building a private root needs: ask for one, or install conda or micromamba"
    bwrap --ro-bind / / true 2>>"$LOG" || failed "bubblewrap may not make namespaces here (container or AppArmor policy): use conda"
}

apt_install() { # packages; only where we are root, nobody else is asked for a password
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    say "installing $* with apt-get"
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        -o DPkg::Lock::Timeout=120 "$@"; } >>"$LOG" 2>&1 9>&-
}

# --- check once ------------------------------------------------------------------------------------------------

smoke_test() {
    (enter python -) >>"$LOG" 2>&1 9>&- <<'PY'
import ctypes, sys

import dolfinx, gmsh, petsc4py, pyvista

if sys.platform == "linux":
    ctypes.CDLL("libEGL.so.1")
gmsh.initialize(interruptible=False)
gmsh.finalize()
print("dolfinx", dolfinx.__version__, "gmsh", gmsh.__version__, "pyvista", pyvista.__version__)
PY
}

# The user's own FEniCS may lack what the wheels of gmsh and VTK load at run time.
add_libraries() {
    local list
    list=$(debian_packages | xargs -n1 | grep '^lib' | xargs)
    [ "$KIND" = venv ] || return 1
    # shellcheck disable=SC2086
    apt_install $list || { say "gmsh or VTK does not load; on Debian: apt-get install $list"; return 1; }
}
