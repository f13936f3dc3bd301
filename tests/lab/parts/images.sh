# Images of the demo program: made from nothing on one node, pushed to the registry, and fetched
# by the other nodes, so that a task starts at once.
# shellcheck shell=bash

IMAGES="1 2 3 slow crash crash8 done sick private"

# No node keeps the private one: who runs it first needs a login.
repository_of() {
    case $1 in
        private) echo "$(registry_address)/private/program:1" ;;
        *) echo "$(registry_address)/program:$1" ;;
    esac
}

# What each image adds to the program, as lines of a Dockerfile.
behaviour() {
    local check='HEALTHCHECK --interval=1s --timeout=3s --retries=3'
    case $1 in
        slow) echo "ENV PROGRAM_AFTER=5s" && echo "$check --start-period=20s CMD [\"/program\", \"health\"]" ;;
        crash) echo "ENV PROGRAM_EXIT=0s" ;;
        crash8) echo "ENV PROGRAM_EXIT=8s" ;;
        done) echo "ENV PROGRAM_EXIT=0s PROGRAM_CODE=0" ;;
        # With status 0 after the stop that follows, the engine would call the task complete.
        sick) echo "ENV PROGRAM_HEALTH=sick PROGRAM_STOP=143" && echo "$check CMD [\"/program\", \"health\"]" ;;
    esac
}

program_build() {
    mkdir -p "$LAB/program"
    "$HERE/../program/build" "$LAB/program/program"
}

# images_push NODE: builds there and pushes; prints a line `TAG REFERENCE@DIGEST` for each.
images_push() {
    local tag reference
    for tag in $IMAGES; do
        reference=$(repository_of "$tag")
        image_build "$1" "$tag" "$reference"
        on "$1" push --quiet "$reference" >/dev/null
        echo "$tag $reference@$(digest_of "$1" "$reference")"
    done
    on "$1" image rm "$(repository_of private)" >/dev/null
}

image_build() {
    {
        echo "FROM scratch"
        echo "COPY program /program"
        echo "ENV PROGRAM_VERSION=$2"
        behaviour "$2"
        echo 'ENTRYPOINT ["/program"]'
    } >"$LAB/program/Dockerfile.$2"
    # The classic builder needs no helper images.
    DOCKER_BUILDKIT=0 on "$1" build --quiet --tag "$3" \
        --file "$LAB/program/Dockerfile.$2" "$LAB/program" >/dev/null 2>"$LAB/program/build.log" ||
        fail "image $2 was not built: $(cat "$LAB/program/build.log")"
}

digest_of() { on "$1" image inspect --format '{{index .RepoDigests 0}}' "$2" | cut -d@ -f2; }

images_fetch() { on "$1" pull --all-tags --quiet "$(registry_address)/program" >/dev/null; }
