//go:build tools

package manifests

import _ "sigs.k8s.io/kustomize/kustomize/v5"
