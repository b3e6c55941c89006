package codec

// Context is what is needed here of a context.Context.
type Context interface{ Err() error }

// Endless is a Context that is never done.
type Endless struct{}

// Err returns nil.
func (Endless) Err() error { return nil }

// structsPerLook is how many structs are read between two looks at a context: well
// below a millisecond of work, unless single ones are long.
const structsPerLook = 1024

// pace counts structs for the one who looks.
type pace struct{ structs int }

// tick counts a struct and returns the error of ctx, if it is the turn to look.
func (p *pace) tick(ctx Context) error {
	if p.structs++; p.structs%structsPerLook != 0 {
		return nil
	}
	return ctx.Err()
}
