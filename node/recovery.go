package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

var (
	// ErrHasWords says that recovery words exist already.
	ErrHasWords = errors.New("recovery words were made before")
	// ErrNotEmpty says that this device has documents or devices already.
	ErrNotEmpty = errors.New("this device is in use already")
	// ErrNothingFound says that nobody was reached who has anything of the
	// words' owner.
	ErrNothingFound = errors.New("nobody was reached who has documents of these words")
	// ErrCannotActAsPaper says that the program cannot run a second node.
	ErrCannotActAsPaper = errors.New("this program cannot restore from words")
)

// Time that recovery takes at most for each of its steps.
const (
	recoverReach = 30 * time.Second // to find the home document
	recoverFill  = 60 * time.Second // to fill every document
	recoverPoll  = 50 * time.Millisecond
)

// paperHome is what follows from a recovery secret: the home document.
type paperHome struct {
	key     *identity.Key
	genesis *access.Op
	epoch   wire.EpochID
	ek      seal.EpochKey
}

// homeOfWords derives the home document of a recovery secret.
func homeOfWords(secret identity.RecoverySecret) (paperHome, error) {
	key, err := secret.PaperKey()
	if err != nil {
		return paperHome{}, err
	}
	nonce := secret.Derive("home")
	p := paperHome{key: key, ek: seal.EpochKey(secret.Derive("home key"))}
	p.epoch = p.ek.ID(key.Device())
	p.genesis, err = access.NewGenesisOf(key, access.GenesisTerms{
		User:    wire.UserID(key.Device()),
		Devices: []access.GenesisDevice{{Device: key.Device(), Seal: key.SealHash(), Kind: access.DevicePaper}},
		Nonce:   [16]byte(nonce[:16]), Epoch: p.epoch,
	}, time.UnixMilli(0))
	return p, err
}

// CreateRecovery makes recovery words and returns them, once: they are kept
// nowhere. Every document of this user gets the paper key, and the home document
// is one that follows from the words.
func (n *Node) CreateRecovery(ctx context.Context) (string, error) {
	old, err := n.makeHome(ctx)
	if err != nil {
		return "", err
	}
	n.home.making.Lock()
	defer n.home.making.Unlock()
	h := old.readHome()
	if _, exists := h.paperSeal(); exists || h.next != nil {
		return "", ErrHasWords
	}
	secret, err := identity.NewRecoverySecret(n.rand())
	if err != nil {
		return "", err
	}
	paper, err := homeOfWords(secret)
	if err != nil {
		return "", err
	}
	defer paper.key.Erase()
	d, err := n.foundPaperHome(ctx, paper, &h)
	if err != nil {
		return "", err
	}
	if err := d.writeHome(ctx, n.paperContent(paper, &h)...); err != nil {
		return "", err
	}
	d.mu.Lock()
	keys := d.keyTexts()
	d.mu.Unlock()
	// Words are made once: from here on neither a caller who leaves nor a fault in
	// one document keeps them back. The old home document tells first, since every
	// device, this one too after a restart, goes on from what it tells.
	ctx = context.WithoutCancel(ctx)
	if err := old.writeHome(ctx, homeChange{homeProfile, "next", homeNext{ID: d.id, Keys: keys}}); err != nil {
		return "", err
	}
	if err := errors.Join(n.setHome(ctx, d.id), n.tendHome(ctx)); err != nil {
		n.cfg.Logger.Warn("home document not followed", "err", err)
	}
	return secret.Words(), nil
}

// foundPaperHome makes the home document that follows from words, with every
// device of this user in it.
func (n *Node) foundPaperHome(ctx context.Context, paper paperHome, h *homeData) (*Document, error) {
	log := access.NewLog(paper.genesis.DocID())
	ops := []*access.Op{paper.genesis}
	if _, err := log.Add(paper.genesis); err != nil {
		return nil, fmt.Errorf("make home document: %w", err)
	}
	user := wire.UserID(paper.key.Device())
	others := []sealKeyOf{{paper.key.Device(), paper.key.SealPublic()}}
	for _, dev := range h.own {
		hash := identity.HashSeal(dev.public)
		cert := paper.key.Certify(user, dev.device, hash)
		op, err := access.NewDevAdd(log, paper.key, access.GrantDevice{
			Device: dev.device, Seal: hash, Kind: access.DeviceKind(dev.data.Kind), Cert: cert[:],
		}, n.cfg.Now())
		if err != nil {
			return nil, fmt.Errorf("make home document: %w", err)
		}
		if _, err := log.Add(op); err != nil {
			return nil, fmt.Errorf("make home document: %w", err)
		}
		ops = append(ops, op)
		if dev.device != n.device {
			others = append(others, sealKeyOf{dev.device, dev.public})
		}
	}
	d := newDocument(n, paper.genesis.DocID())
	d.info = localInfo{Created: n.cfg.Now().UnixMilli()}
	if err := d.found(ctx, ops, paper.epoch, paper.ek, others); err != nil {
		return nil, err
	}
	return d, n.add(d)
}

// paperContent is what the home document of words begins with: what the one of
// before had, and the paper key's word for every device.
func (n *Node) paperContent(paper paperHome, h *homeData) []homeChange {
	user := wire.UserID(paper.key.Device())
	cert := paper.key.Certify(user, paper.key.Device(), paper.key.SealHash())
	changes := []homeChange{
		{homeProfile, "user", user.String()},
		{homeProfile, "paper", homePaper{
			Device: paper.key.Device(), Seal: homeText.EncodeToString(paper.key.SealPublic()),
			Cert: homeText.EncodeToString(cert[:]), CreatedAt: n.cfg.Now().UnixMilli(),
		}},
	}
	for _, dev := range h.own {
		cert := paper.key.Certify(user, dev.device, identity.HashSeal(dev.public))
		dev.data.Cert = homeText.EncodeToString(cert[:])
		changes = append(changes, homeChange{homeDevices, dev.device.String(), dev.data})
	}
	for id, doc := range h.documents {
		changes = append(changes, homeChange{homeDocuments, id.String(), doc})
	}
	for user, c := range h.contacts {
		changes = append(changes, homeChange{homeContacts, user.String(), c})
	}
	return changes
}
