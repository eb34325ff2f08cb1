FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --profile dist --locked

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/target/dist/dbaudit /usr/local/bin/dbaudit
ENTRYPOINT ["/usr/local/bin/dbaudit"]
CMD ["--help"]
