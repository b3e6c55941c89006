import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// The page is served under a strict Content-Security-Policy: nothing may be
// inlined, neither scripts nor data: fonts, and every asset carries the hash
// of its content in its name so that it can be cached for good.
export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // dist/placeholder.html is committed; it must survive a build.
    emptyOutDir: false,
    reportCompressedSize: true,
  },
})
