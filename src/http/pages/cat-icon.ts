/** A cat with a coin for a nose. */
export const CAT_ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
<path d="M8 8c8 1 14 5 17 9a30 30 0 0 1 14 0c3-4 9-8 17-9 3 8 3 16 1 22 1 3 2 6 2 9 0 12-12 21-27 21S5 51 5 39c0-3 1-6 2-9C5 24 5 16 8 8z" fill="#f28c28"/>
<path d="M13 15c4 1 7 3 9 6l-8 6c-2-4-2-8-1-12zm38 0c-4 1-7 3-9 6l8 6c2-4 2-8 1-12z" fill="#ffd9ae"/>
<circle cx="21" cy="36" r="4" fill="#2b1a0c"/><circle cx="43" cy="36" r="4" fill="#2b1a0c"/>
<circle cx="22.500" cy="34.500" r="1.300" fill="#fff"/><circle cx="44.500" cy="34.500" r="1.300" fill="#fff"/>
<circle cx="32" cy="45" r="6.500" fill="#ffd34d" stroke="#c98a00" stroke-width="1.500"/>
<path d="M32 41.500v7m2-5.500c-.5-.7-1.200-1-2-1-1.200 0-2 .6-2 1.500 0 2 4 1 4 3 0 .9-.8 1.500-2 1.500-.8 0-1.500-.3-2-1" fill="none" stroke="#8a5a00" stroke-width="1.100" stroke-linecap="round"/>
<path d="M3 40l12 2M4 48l11-2m46-6l-12 2m11 6l-11-2" stroke="#2b1a0c" stroke-width="1.300" stroke-linecap="round"/>
</svg>`;
