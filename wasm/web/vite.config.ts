import { rmSync } from 'node:fs'
import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** Removes the assets of earlier builds: everything in dist/ is compiled into the program. */
function cleanAssets(): Plugin {
  return {
    name: 'clean-assets',
    apply: 'build',
    buildStart: () => rmSync(join(import.meta.dirname, 'dist/assets'), { recursive: true, force: true }),
  }
}

// The page is served under a strict Content-Security-Policy: nothing may be
// inlined, neither scripts nor data: fonts, and every asset carries the hash
// of its content in its name so that it can be cached for good.
export default defineConfig({
  plugins: [react(), cleanAssets()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // dist/placeholder.html is committed; it must survive a build.
    emptyOutDir: false,
    chunkSizeWarningLimit: 700,
    reportCompressedSize: true,
  },
})
