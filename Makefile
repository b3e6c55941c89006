# Sheaf. A thin index of plain commands; `make help` lists them.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.NOTPARALLEL:
.DEFAULT_GOAL := help

WEB := wasm/web
PAGE := $(WEB)/dist/index.html
PAGE_SOURCES := $(shell find $(WEB) -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -name '*.go' -not -name '*.test.*' 2>/dev/null)
# Packages that must also build for the browser, as docs/ARCHITECTURE.md says.
JS_PACKAGES = $(shell awk -F'|' '$$3 ~ /^ here $$/ && $$4 ~ /^ all $$/ {gsub(/[ `]/, "", $$2); print "./" $$2}' docs/ARCHITECTURE.md)
# Those of them whose tests are cheap under Node.
JS_TESTED := ./crdt/internal/lib0 ./crdt/awareness ./crdt/yproto ./node/wire ./node/identity ./node/seal
# Packages with goroutines of their own: tested once more under the race detector.
RACE_PACKAGES := ./node ./node/api/... ./node/discovery ./node/gossip ./node/store/... ./node/sync ./node/transport ./cmd/...
GOTEST := node .ci/gotest.mjs

SEEDS ?= 10000
SEED ?=
FUZZTIME ?= 30s

.PHONY: help run web test quick checks format-check lint go-test race js page browser oracle oracle-mutants fuzz soak bench bench-peers scale access a11y vuln format clean FORCE

help: ## list the targets
	@awk -F': ?.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

run: bin/sheaf ## build and start a node, and open its page
	bin/sheaf

web: $(PAGE) ## build the page

bin/sheaf: $(PAGE) FORCE
	go build -o bin/sheaf ./cmd/sheaf

bin/sheaf-bench: FORCE
	go build -o bin/sheaf-bench ./cmd/sheaf-bench

$(WEB)/node_modules/.package-lock.json: $(WEB)/package.json $(WEB)/package-lock.json
	.ci/need node npm
	cd $(WEB) && npm ci --no-audit --no-fund
	touch $@

$(PAGE): $(WEB)/node_modules/.package-lock.json $(PAGE_SOURCES)
	cd $(WEB) && npm run --silent build
	touch $@

test: ## everything that is checked before a change goes in
	@rm -rf .cache/tally && mkdir -p .cache/tally
	@status=0; $(MAKE) --no-print-directory checks || status=$$?; node .ci/tally.mjs .cache/tally; exit $$status

checks: format-check lint go-test race js page browser

quick: format-check lint go-test ## formatting, vet, Go tests

format-check: $(WEB)/node_modules/.package-lock.json
	@out=$$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l); [ -z "$$out" ] || { echo "not formatted (run make format):"; echo "$$out"; exit 1; }
	cd $(WEB) && npm run --silent format:check

lint:
	go vet ./...
	go tool staticcheck ./...

go-test: $(PAGE)
	.ci/need node npm ip nft mkfs.ext4 valgrind
	$(GOTEST) ./...
	$(GOTEST) -count=1 ./docs

race:
	$(GOTEST) -race -short $(RACE_PACKAGES)
	$(GOTEST) -race -run Readers ./crdt

js:
	GOOS=js GOARCH=wasm go build $(JS_PACKAGES)
	GOOS=js GOARCH=wasm $(GOTEST) -short -exec="$$(go env GOROOT)/lib/wasm/go_js_wasm_exec" $(JS_TESTED)

page: $(WEB)/node_modules/.package-lock.json
	cd $(WEB) && npm run --silent check
	cd $(WEB) && npm run --silent test -- --reporter=default --reporter=json --outputFile.json=../../.cache/tally/page.json

browser: bin/sheaf
	.ci/need chromium
	cd $(WEB) && npm run --silent e2e -- --reporter=default --reporter=json --outputFile.json=../../.cache/tally/browser.json

oracle: ## compare the merge engine with Yjs: SEEDS=n [SEED=s]
	SEEDS=$(SEEDS) SEED=$(SEED) go test -count=1 -timeout 0 -v -run TestOracle ./crdt/crdttest/oracle

oracle-mutants: ## faults put into the engine, each of which the oracle must find
	MUTANTS=1 go test -count=1 -timeout 0 -v -run TestMutants ./crdt/crdttest/oracle

fuzz: ## every fuzz target for FUZZTIME
	@for pkg in $$(go list ./crdt/... ./node/...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$target"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg; \
	  done; done

soak: bin/sheaf bin/sheaf-bench ## the long versions of the failure tests
	SOAK=1 go test -count=1 -timeout 0 -v -run 'TestF[0-9]' ./node/store/... ./node/sync ./node/gossip ./cmd/...
	go test -count=1 -timeout 0 ./node/nodetest ./node/replication ./node/access -seeds $(SEEDS)
	$(MAKE) --no-print-directory oracle SEEDS=100000 SEED=1000000

bench: bin/sheaf bin/sheaf-bench ## benchmarks, replays of recorded histories, keystroke to other page
	go test -run '^$$' -bench . -benchmem ./...
	@for run in friendsforever:2 friendsforever:3 automerge-paper:2; do \
	  trace=../shared/traces/$${run%:*}.json.gz; \
	  if [ -f $$trace ]; then bin/sheaf-bench replay --trace $$trace --nodes $${run#*:} --json; \
	  else echo "$$trace is absent: its replay is left out"; fi; done
	@trace=../shared/traces/automerge-paper.json.gz; if [ -f $$trace ]; then bin/sheaf-bench open --trace $$trace --json; fi
	.ci/need chromium
	cd $(WEB) && npm run --silent measure

PEERS := cmd/sheaf-bench/peers
LIMIT ?= 20

$(PEERS)/node_modules/.package-lock.json: $(PEERS)/package.json $(PEERS)/package-lock.json
	.ci/need node npm
	cd $(PEERS) && npm ci --no-audit --no-fund --ignore-scripts
	touch $@

bench-peers: bin/sheaf-bench $(PEERS)/node_modules/.package-lock.json ## the merge engine beside others, in one run: a table, and bin/bench-peers.svg
	GOOS=js GOARCH=wasm go build -o bin/sheaf-bench.wasm ./cmd/sheaf-bench
	GOOS=js GOARCH=wasm go build -trimpath -ldflags "-s -w" -o bin/crdt.wasm ./cmd/sheaf-bench/size
	node $(PEERS)/run.mjs --limit $(LIMIT) --out bin/bench-peers.json
	bin/sheaf-bench plot --in bin/bench-peers.json --out bin/bench-peers.svg

scale: bin/sheaf-bench ## how the cost of editing patterns grows with their size, in instructions
	.ci/need valgrind
	bin/sheaf-bench scale --instructions

access: ## random access logs against the rules: SEEDS=n [SEED=s]
	go test -count=1 -timeout 0 -v -run 'Removed|Duelling|AnswersDepend' ./node/access -seeds $(SEEDS) -seed $(or $(SEED),1)

a11y: bin/sheaf ## accessibility of the page, with axe
	.ci/need chromium
	cd $(WEB) && npm run --silent e2e -- access

vuln: ## known vulnerabilities of the dependencies (needs the network)
	go run golang.org/x/vuln/cmd/govulncheck@latest ./...

format: $(WEB)/node_modules/.package-lock.json ## format all sources
	gofmt -w $$(git ls-files -co --exclude-standard '*.go')
	cd $(WEB) && npm run --silent format

clean: ## remove what was built
	rm -rf bin .cache $(WEB)/dist/assets $(PAGE)

FORCE:
