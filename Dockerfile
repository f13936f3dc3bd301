# The image of skep: docker build -t skep .
#
# A binary called `skep` that lies ready at the top of the build context is taken as it is;
# otherwise one is built from the sources. BUILDER is the image in which that happens.
ARG BUILDER=rust:1.91-slim-bookworm

FROM ${BUILDER} AS build
WORKDIR /build
COPY . .
RUN test -x skep || { cargo build --release --locked && cp target/release/skep skep; }

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git openssh-client \
    && rm -rf /var/lib/apt/lists/*
# ssh refuses to run for a user without a name. Whatever user is chosen for a container may write
# to the home directory, where the mirrors of git repositories lie.
RUN useradd --uid 10001 --user-group --home-dir /var/lib/skep --no-create-home skep \
    && mkdir --mode 1777 /var/lib/skep
COPY --from=build /build/skep /usr/local/bin/skep
ENV HOME=/var/lib/skep
WORKDIR /var/lib/skep
USER skep
EXPOSE 8080
# Bash can open a connection itself: no further program is needed. It expects `run` to listen at
# port 8080.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && test \"$status\" = 200"]
ENTRYPOINT ["skep"]
