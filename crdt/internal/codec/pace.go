package codec

// Context is what is needed here of a context.Context.
type Context interface{ Err() error }

// Endless is a Context that is never done.
type Endless struct{}

// Err returns nil.
func (Endless) Err() error { return nil }

// stepsPerLook is how many steps are between two looks at a context: well below a
// millisecond of work, unless structs are long.
const stepsPerLook = 1024

// pace looks at a context every so many steps. A nil pace never does.
type pace struct {
	ctx   Context
	steps int
	err   error // of ctx, once it was found done
}

// over counts a step, which is a struct or a deleted range, and tells whether ctx
// is done.
func (p *pace) over() bool { return p != nil && p.step() }

// Not inlined: where there is no context, a step is to cost no more than a nil check.
//
//go:noinline
func (p *pace) step() bool {
	if p.steps++; p.steps%stepsPerLook == 0 {
		p.look()
	}
	return p.err != nil
}

// look looks at ctx after what is as long as many steps.
func (p *pace) look() {
	if p.err == nil {
		p.err = p.ctx.Err()
	}
}
