# Sourced by env/run: which environment fits, and how to step into it. Nothing here takes noticeable time.

RECIPE=1 # raise it when the way of building changes

digest() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-12; }

# Version of dolfinx that the active Python offers, without importing it (that takes a second); empty if none.
active_dolfinx() {
    [ "$SUITE" = trixie ] && command -v python3 >/dev/null || return 0
    python3 - <<'PY' 2>/dev/null || true
import sys
from importlib.metadata import version
from importlib.util import find_spec
if sys.version_info >= (3, 11) and find_spec("dolfinx"):
    found = version("fenics-dolfinx")
    if tuple(int(n) for n in found.split(".")[:2]) >= (0, 9):
        print(found)
PY
}

# The choice of a rung is remembered under what it depended on: recipe, suite and the active Python.
choice_key() {
    {
        echo "$RECIPE $SUITE $ACTIVE ${ACTIVE:+$(command -v python3) ${PYTHONPATH:-}}"
        cat "$PROJECT"/env/{packages.txt,requirements.txt,environment.yml}
        cat "$PROJECT/env/packages-$SUITE.txt" 2>/dev/null || true
    } | digest
}

# The file is written last, and names folders that carry a stamp written last.
is_ready() {
    [ -s "$1" ] || return 1
    (
        . "$1"
        [ -e "$PREFIX/.stamp" ] && { [ "$KIND" != root ] || [ -e "$ROOTFS/.stamp" ]; }
    )
}

# Settings shared by all rungs.
common_settings() {
    : "${OPENBLAS_NUM_THREADS:=1}" "${HOLDERSIM_CACHE:=$BASE/superelements}"
    XDG_CACHE_HOME=$PREFIX.cache MPLCONFIGDIR=$PREFIX.cache/matplotlib PIP_CACHE_DIR=$BASE/pip
    VIRTUAL_ENV=$PREFIX HOLDERSIM_INSIDE=$SUITE:$PREFIX PYTHONNOUSERSITE=1 PYVISTA_OFF_SCREEN=true
    export OPENBLAS_NUM_THREADS HOLDERSIM_CACHE XDG_CACHE_HOME MPLCONFIGDIR PIP_CACHE_DIR VIRTUAL_ENV
    export HOLDERSIM_INSIDE PYTHONNOUSERSITE PYVISTA_OFF_SCREEN
    # Linux without a screen: silences VTK's search for an X server
    [ "$(uname)" != Linux ] || export VTK_DEFAULT_OPENGL_WINDOW=vtkEGLRenderWindow
    # one node: shared memory only, else Open MPI warns about networks it cannot use
    [ "${SLURM_NNODES:-1}" != 1 ] || export OMPI_MCA_btl=${OMPI_MCA_btl:-self,sm}
    if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
    mkdir -p "$MPLCONFIGDIR" "$HOLDERSIM_CACHE"
}

enter() {
    common_settings
    case $KIND in
        root) enter_root "$@" ;;
        conda) enter_conda "$@" ;;
        venv) enter_venv "$@" ;;
    esac
}

enter_venv() {
    # FEniCS itself may come from PYTHONPATH (Spack, container images), so that it is kept behind the project
    export HOLDERSIM_PYTHONPATH=${PYTHONPATH:-}
    export PYTHONPATH=$PROJECT${HOLDERSIM_PYTHONPATH:+:$HOLDERSIM_PYTHONPATH} PATH=$PROJECT/env/bin:$PREFIX/bin:$PATH
    exec "$@"
}

enter_conda() {
    unset VIRTUAL_ENV PYTHONHOME LD_LIBRARY_PATH
    export CONDA_PREFIX=$PREFIX PYTHONPATH=$PROJECT PATH=$PREFIX/bin:$PATH
    set +eu # activation scripts of the compilers are not written for strict shells
    for f in "$PREFIX"/etc/conda/activate.d/*.sh; do [ ! -e "$f" ] || . "$f"; done
    PATH=$PROJECT/env/bin:$PATH
    exec "$@"
}

# --bind for a folder under its own name and its physical one; system folders belong to the root and are left out.
bind_folder() {
    local real
    real=$(cd "$1" 2>/dev/null && pwd -P) || return 0
    case $real/ in
        / | /usr/* | /etc/* | /bin/* | /sbin/* | /lib*/* | /proc/* | /sys/* | /dev/* | /var/lib/* | /var/cache/*) return 0 ;;
    esac
    BINDS+=(--bind "$real" "$real")
    [ "$real" = "$1" ] || BINDS+=(--bind "$real" "$1")
}

# Files of the host that the root must share: names of people and machines, certificates, pip's settings.
bind_host_files() {
    local f
    for f in resolv.conf hosts passwd group pip.conf; do
        [ ! -e "/etc/$f" ] || BINDS+=(--ro-bind "$(readlink -f "/etc/$f")" "/etc/$f")
    done
    for f in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem; do
        [ -n "$f" ] && [ -s "$f" ] || continue
        BINDS+=(--ro-bind "$(readlink -f "$f")" /etc/ssl/certs/ca-certificates.crt)
        break
    done
}

# Without a name for the user id, getpass and Slurm fail: on LDAP machines the entry is not in /etc/passwd.
bind_user_name() {
    local name
    name=$(getent passwd "$(id -u)") || name="user:x:$(id -u):$(id -g)::${HOME:-/}:/bin/sh"
    grep -qs "^[^:]*:[^:]*:$(id -u):" /etc/passwd && return 0
    { cat /etc/passwd && echo "$name"; } >"$BASE/passwd.$$" && mv "$BASE/passwd.$$" "$BASE/passwd"
    BINDS+=(--ro-bind "$BASE/passwd" /etc/passwd)
}

# Only parts of the root are mounted, so that any project path can be made above them.
enter_root() {
    local r=$ROOTFS v d more
    BINDS=(--die-with-parent --ro-bind "$r/usr" /usr --ro-bind "$r/etc" /etc
        --ro-bind "$r/var/lib" /var/lib --ro-bind "$r/var/cache" /var/cache --dir /var/tmp
        --symlink usr/bin /bin --symlink usr/sbin /sbin --symlink usr/lib /lib --symlink usr/lib64 /lib64
        --dev /dev --proc /proc --tmpfs /run --bind /tmp /tmp)
    # a private /dev/shm makes MPI ranks started one by one wait for ever
    [ ! -d /dev/shm ] || BINDS+=(--bind /dev/shm /dev/shm)
    [ ! -d /sys/devices ] || BINDS+=(--ro-bind /sys /sys)
    bind_host_files
    bind_user_name
    IFS=: read -ra more <<<"${HOLDERSIM_BIND:-}"
    for d in "${TMPDIR:-/tmp}" "${HOME:-/tmp}" "$PROJECT" "$BASE" "$HOLDERSIM_CACHE" "$PWD" ${more[@]+"${more[@]}"}; do
        bind_folder "$d"
    done
    for v in PIP_CERT SSL_CERT_FILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE; do
        export "$v=/etc/ssl/certs/ca-certificates.crt"
    done
    unset SSL_CERT_DIR PYTHONHOME LD_LIBRARY_PATH
    export PYTHONPATH=$PROJECT PATH=$PROJECT/env/bin:$PREFIX/bin:/usr/bin:/bin:/usr/sbin:/sbin
    exec bwrap "${BINDS[@]}" --chdir "$(pwd -P)" "$@"
}
