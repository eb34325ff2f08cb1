FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/target/release/dbaudit /usr/local/bin/dbaudit
ENTRYPOINT ["/usr/local/bin/dbaudit"]
CMD ["--help"]
