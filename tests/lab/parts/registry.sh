# The distribution registry on this machine, at .1 of the subnet, with password and TLS.
# shellcheck shell=bash

REGISTRY_USER=lab
REGISTRY_PASSWORD=let-me-in

# Certificates, the password file and a client configuration that is logged in.
registry_prepare() {
    mkdir -p "$LAB/registry" "$LAB/docker"
    make_certificates "$LAB/registry"
    local salt hash
    salt=$(openssl rand -hex 11)
    # The registry takes bcrypt only.
    hash=$(perl -e 'print crypt($ARGV[0], "\$2b\$05\$$ARGV[1]")' "$REGISTRY_PASSWORD" "$salt")
    echo "$REGISTRY_USER:$hash" >"$LAB/registry/htpasswd"
    jq -n --arg address "$(registry_address)" --arg login "$REGISTRY_USER:$REGISTRY_PASSWORD" \
        '{auths: {($address): {auth: ($login | @base64)}}}' >"$LAB/docker/config.json"
    registry_settings >"$LAB/registry/config.yml"
}

make_certificates() {
    local new=(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2)
    "${new[@]}" -subj "/CN=$PREFIX lab" -keyout "$1/ca.key" -out "$1/ca.crt" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>/dev/null
    "${new[@]}" -subj "/CN=registry" -keyout "$1/server.key" -out "$1/server.crt" \
        -CA "$1/ca.crt" -CAkey "$1/ca.key" -addext basicConstraints=CA:FALSE \
        -addext "subjectAltName=IP:$SUBNET.1" 2>/dev/null
}

registry_settings() {
    cat <<END
version: 0.1
log: {accesslog: {disabled: false}, level: info}
storage:
  filesystem: {rootdirectory: $LAB/registry/data}
  delete: {enabled: true}
auth:
  htpasswd: {realm: lab, path: $LAB/registry/htpasswd}
http:
  addr: $(registry_address)
  tls: {certificate: $LAB/registry/server.crt, key: $LAB/registry/server.key}
END
}

registry_start() {
    setsid docker-registry serve "$LAB/registry/config.yml" \
        >>"$LAB/registry/registry.log" 2>&1 </dev/null &
    remember registry $!
    wait_for 20 registry curl --silent --fail --cacert "$LAB/registry/ca.crt" \
        --user "$REGISTRY_USER:$REGISTRY_PASSWORD" "https://$(registry_address)/v2/"
}
