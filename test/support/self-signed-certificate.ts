// Made for these tests alone: self-signed, for the name partner.example, valid for a hundred years.
export const certificateName = 'partner.example';

export const certificate = `-----BEGIN CERTIFICATE-----
MIIBqDCCAU2gAwIBAgIUdbGo/1SZmgRkZMnwo5UvfQj3+YgwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPcGFydG5lci5leGFtcGxlMCAXDTI2MTEyMzE0NTMxOVoYDzIx
MjYxMDMwMTQ1MzE5WjAaMRgwFgYDVQQDDA9wYXJ0bmVyLmV4YW1wbGUwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAARcDtRdt7vwRR1ZDomIFM+zA1Pp35vPovq5HuBF
wrsoNaGta3f+J+lj9TC5Mw4CqbQW1V7TyPiu0H8bIxfScX03o28wbTAdBgNVHQ4E
FgQUn/ihOrrSeqFyGIgohL+VwrqFuOcwHwYDVR0jBBgwFoAUn/ihOrrSeqFyGIgo
hL+VwrqFuOcwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgg9wYXJ0bmVyLmV4
YW1wbGUwCgYIKoZIzj0EAwIDSQAwRgIhANFeOZvA/qPT1SV44/VwyQYv2xMiWfCA
CpNeL/GAFexAAiEAveUahnZRLuxy2+QIJm4dNQumNhU4g62sHEyS3Zy6tfE=
-----END CERTIFICATE-----
`;

export const privateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQguuHVZgko6jU3Ixv0
igyYvoJGxe/iqAtAkDPdpApEYO6hRANCAARcDtRdt7vwRR1ZDomIFM+zA1Pp35vP
ovq5HuBFwrsoNaGta3f+J+lj9TC5Mw4CqbQW1V7TyPiu0H8bIxfScX03
-----END PRIVATE KEY-----
`;
