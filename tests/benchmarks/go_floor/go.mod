// The floor that `make bench` holds the worker against.
module floor

go 1.24.0

require (
	github.com/nyaruka/phonenumbers v1.6.12
	github.com/twmb/franz-go v1.20.7
)

require (
	github.com/klauspost/compress v1.18.4 // indirect
	github.com/pierrec/lz4/v4 v4.1.25 // indirect
	github.com/twmb/franz-go/pkg/kmsg v1.12.0 // indirect
	golang.org/x/exp v0.0.0-20250305212735-054e65f0b394 // indirect
	golang.org/x/text v0.23.0 // indirect
	google.golang.org/protobuf v1.36.11 // indirect
)
