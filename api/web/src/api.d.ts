/** Made by tests/client_types.py of what the API says of itself; not to be changed by hand. */

export interface paths {
    "/v1/health": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": {
                            [key: string]: string;
                        };
                    };
                };
            };
        };
    };
    "/v1/ready": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": {
                            [key: string]: string;
                        };
                    };
                };
            };
        };
    };
    "/v1/sessions": {
        get: {
            parameters: {
                query?: {
                    account?: string | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["OpenSession"][];
                    };
                };
            };
        };
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Credentials"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Who"];
                    };
                };
            };
        };
        delete: {
            parameters: {
                query?: {
                    account?: string | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Ended"];
                    };
                };
            };
        };
    };
    "/v1/sessions/current": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Who"];
                    };
                };
            };
        };
        delete: {
            responses: {
                204: {
                };
            };
        };
    };
    "/v1/sessions/{session_id}": {
        delete: {
            parameters: {
                path: {
                    session_id: string;
                };
            };
            responses: {
                204: {
                };
            };
        };
    };
    "/v1/accounts/current/password": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewPassword"];
                };
            };
            responses: {
                204: {
                };
            };
        };
    };
    "/v1/accounts/current/totp": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Authenticator"];
                    };
                };
            };
        };
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Proof-Input"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Enrolment"];
                    };
                };
            };
        };
    };
    "/v1/accounts/current/totp/confirm": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Code"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["RecoveryCodes"];
                    };
                };
            };
        };
    };
    "/v1/accounts/current/totp/end": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Proof-Input"];
                };
            };
            responses: {
                204: {
                };
            };
        };
    };
    "/v1/accounts/current/recovery-codes": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Proof-Input"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["RecoveryCodes"];
                    };
                };
            };
        };
    };
    "/v1/accounts": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownAccount"][];
                    };
                };
            };
        };
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewAccount"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["MadePassword"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["MadePassword"];
                    };
                };
            };
        };
    };
    "/v1/accounts/{name}": {
        patch: {
            parameters: {
                path: {
                    name: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AccountPatch"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownAccount"];
                    };
                };
            };
        };
    };
    "/v1/accounts/{name}/password": {
        post: {
            parameters: {
                path: {
                    name: string;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["MadePassword"];
                    };
                };
            };
        };
    };
    "/v1/accounts/{name}/disable": {
        post: {
            parameters: {
                path: {
                    name: string;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownAccount"];
                    };
                };
            };
        };
    };
    "/v1/accounts/{name}/enable": {
        post: {
            parameters: {
                path: {
                    name: string;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownAccount"];
                    };
                };
            };
        };
    };
    "/v1/accounts/{name}/totp/reset": {
        post: {
            parameters: {
                path: {
                    name: string;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownAccount"];
                    };
                };
            };
        };
    };
    "/v1/colleagues": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Colleague"][];
                    };
                };
            };
        };
    };
    "/v1/sources": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownSource"][];
                    };
                };
            };
        };
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewSource"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["MadeKey"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["MadeKey"];
                    };
                };
            };
        };
    };
    "/v1/sources/{name}": {
        patch: {
            parameters: {
                path: {
                    name: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SourcePatch"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownSource"];
                    };
                };
            };
        };
    };
    "/v1/sources/{name}/keys": {
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    name: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewKey"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["MadeKey"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["MadeKey"];
                    };
                };
            };
        };
    };
    "/v1/keys/{key_id}": {
        delete: {
            parameters: {
                path: {
                    key_id: string;
                };
            };
            responses: {
                204: {
                };
            };
        };
        patch: {
            parameters: {
                path: {
                    key_id: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["KeyPatch"];
                };
            };
            responses: {
                204: {
                };
            };
        };
    };
    "/v1/sessions/elsewhere": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Elsewhere"];
                    };
                };
            };
        };
    };
    "/v1/fixes": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Fix"][];
                    "application/x-ndjson": string;
                    "application/msgpack": string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AcceptedFixes"];
                    };
                };
            };
        };
    };
    "/v1/fixes/aside": {
        get: {
            parameters: {
                query?: {
                    after?: string | null;
                    limit?: number;
                    reason?: components["schemas"]["Reason"] | null;
                    source?: string | null;
                    since?: string | null;
                    until?: string | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AsidePage"];
                    };
                };
            };
        };
    };
    "/v1/fixes/aside/counts": {
        get: {
            parameters: {
                query?: {
                    reason?: components["schemas"]["Reason"] | null;
                    source?: string | null;
                    since?: string | null;
                    until?: string | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AsideCount"][];
                    };
                };
            };
        };
    };
    "/v1/audit": {
        get: {
            parameters: {
                query?: {
                    before?: number | null;
                    limit?: number;
                    account?: string | null;
                    act?: string | null;
                    subject?: string | null;
                    plate?: string | null;
                    since?: string | null;
                    until?: string | null;
                    machines?: boolean;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AuditPage"];
                    };
                };
            };
        };
    };
    "/v1/audit.csv": {
        get: {
            parameters: {
                query?: {
                    account?: string | null;
                    act?: string | null;
                    subject?: string | null;
                    plate?: string | null;
                    since?: string | null;
                    until?: string | null;
                    machines?: boolean;
                };
            };
            responses: {
                200: {
                    content: {
                        "text/csv": string;
                    };
                };
            };
        };
    };
    "/v1/drafts/{draft_id}/documents": {
        get: {
            parameters: {
                path: {
                    draft_id: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Document"][];
                    };
                };
            };
        };
        post: {
            parameters: {
                query: {
                    kind: components["schemas"]["Paper"];
                    name: string;
                };
                path: {
                    draft_id: string;
                };
            };
            requestBody: {
                content: {
                    "application/pdf": string;
                    "image/jpeg": string;
                    "image/png": string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Document"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["Document"];
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/documents": {
        get: {
            parameters: {
                path: {
                    trip_id: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Document"][];
                    };
                };
            };
        };
        post: {
            parameters: {
                query: {
                    kind: components["schemas"]["Paper"];
                    name: string;
                };
                path: {
                    trip_id: number;
                };
            };
            requestBody: {
                content: {
                    "application/pdf": string;
                    "image/jpeg": string;
                    "image/png": string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Document"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["Document"];
                    };
                };
            };
        };
    };
    "/v1/documents/{document_id}": {
        get: {
            parameters: {
                path: {
                    document_id: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/pdf": unknown;
                        "image/jpeg": unknown;
                        "image/png": unknown;
                    };
                };
            };
        };
        delete: {
            parameters: {
                path: {
                    document_id: string;
                };
            };
            responses: {
                204: {
                };
            };
        };
    };
    "/v1/persons/find": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Search"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Person"][];
                    };
                };
            };
        };
    };
    "/v1/persons/accesses": {
        get: {
            parameters: {
                query?: {
                    account?: string | null;
                    trip?: number | null;
                    person?: number | null;
                    since?: string | null;
                    until?: string | null;
                    before?: number | null;
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Accesses"];
                    };
                };
            };
        };
    };
    "/v1/persons/{person}/export": {
        get: {
            parameters: {
                path: {
                    person: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": Record<string, never>;
                    };
                };
            };
        };
    };
    "/v1/persons/{person}/erase": {
        post: {
            parameters: {
                path: {
                    person: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Erased"];
                    };
                };
            };
        };
    };
    "/v1/devices/{uid}/fault": {
        post: {
            parameters: {
                path: {
                    uid: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewFault"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DeviceFault"][];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["DeviceFault"][];
                    };
                };
            };
        };
    };
    "/v1/devices/{uid}/fault/end": {
        post: {
            parameters: {
                path: {
                    uid: string;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DeviceFault"][];
                    };
                };
            };
        };
    };
    "/v1/devices/{uid}/faults": {
        get: {
            parameters: {
                path: {
                    uid: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DeviceFault"][];
                    };
                };
            };
        };
    };
    "/v1/devices": {
        get: {
            parameters: {
                query?: {
                    after?: string;
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DevicePage"];
                    };
                };
            };
        };
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DeviceClaim"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DeviceAnswer"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["DeviceAnswer"];
                    };
                };
            };
        };
    };
    "/v1/devices/conflicts": {
        get: {
            parameters: {
                query?: {
                    since?: string | null;
                    until?: string | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["flowctl__storage__devices__Conflict"][];
                    };
                };
            };
        };
    };
    "/v1/devices/{uid}/assignments": {
        post: {
            parameters: {
                path: {
                    uid: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewAssignment"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Assignment"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["Assignment"];
                    };
                };
            };
        };
    };
    "/v1/devices/{uid}/assignments/{assignment_id}/end": {
        post: {
            parameters: {
                path: {
                    uid: string;
                    assignment_id: number;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AssignmentEnd"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Assignment"];
                    };
                };
            };
        };
    };
    "/v1/devices/{uid}": {
        get: {
            parameters: {
                path: {
                    uid: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DeviceAnswer"];
                    };
                };
            };
        };
    };
    "/v1/walk-ins/preview": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WalkIn"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["WalkInPlace"];
                    };
                };
            };
        };
    };
    "/v1/walk-ins": {
        post: {
            parameters: {
                header: {
                    "Idempotency-Key": string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WalkIn"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["TripAnswer"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["TripAnswer"];
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/hand": {
        get: {
            parameters: {
                path: {
                    trip_id: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["HandWord"][];
                    };
                };
            };
        };
        post: {
            parameters: {
                header: {
                    "Idempotency-Key": string;
                };
                path: {
                    trip_id: number;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["HandSaid"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["HandWord"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["HandWord"];
                    };
                };
            };
        };
    };
    "/v1/hand-words": {
        get: {
            parameters: {
                query?: {
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["HandWord"][];
                    };
                };
            };
        };
    };
    "/v1/hand-words/{word_id}/undo": {
        post: {
            parameters: {
                path: {
                    word_id: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["HandWord"];
                    };
                };
            };
        };
    };
    "/v1/hand-words/{word_id}/second": {
        post: {
            parameters: {
                path: {
                    word_id: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["HandWord"];
                    };
                };
            };
        };
    };
    "/v1/texts/preview": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TextTo"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Weighed"];
                    };
                };
            };
        };
    };
    "/v1/texts": {
        get: {
            parameters: {
                query?: {
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DeskText"][];
                    };
                };
            };
        };
        post: {
            parameters: {
                header: {
                    "Idempotency-Key": string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TextTo"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DeskText"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["DeskText"];
                    };
                };
            };
        };
    };
    "/v1/trips": {
        get: {
            parameters: {
                query?: {
                    state?: ("active" | "cleared" | "cancelled") | null;
                    plate?: string | null;
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["TripAnswer"][];
                    };
                };
            };
        };
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TripDeclaration"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["TripAnswer"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["TripAnswer"];
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}": {
        get: {
            parameters: {
                path: {
                    trip_id: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["TripAnswer"];
                    };
                };
            };
        };
        patch: {
            parameters: {
                path: {
                    trip_id: number;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TripPatch"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ChangedTrip"];
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/cancel": {
        post: {
            parameters: {
                path: {
                    trip_id: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["TripAnswer"];
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/extension": {
        post: {
            parameters: {
                path: {
                    trip_id: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["TripAnswer"];
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/standby": {
        post: {
            parameters: {
                path: {
                    trip_id: number;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["StandbyWish"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["TripAnswer"];
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/penalties": {
        get: {
            parameters: {
                path: {
                    trip_id: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["PenaltyAnswer"][];
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/penalties/{penalty_id}/lift": {
        post: {
            parameters: {
                path: {
                    trip_id: number;
                    penalty_id: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["PenaltyAnswer"];
                    };
                };
            };
        };
    };
    "/v1/declarations": {
        get: {
            parameters: {
                query?: {
                    state?: ("active" | "cleared" | "cancelled") | null;
                    plate?: string | null;
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Declared"];
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/declaration": {
        get: {
            parameters: {
                query?: {
                    driver?: boolean;
                };
                path: {
                    trip_id: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["WholeDeclaration"];
                    };
                };
            };
        };
    };
    "/v1/drafts": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Draft"][];
                    };
                };
            };
        };
    };
    "/v1/drafts/{draft}": {
        get: {
            parameters: {
                path: {
                    draft: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Draft"];
                    };
                };
            };
        };
        put: {
            parameters: {
                path: {
                    draft: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DraftBody"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Draft"];
                    };
                };
            };
        };
        delete: {
            parameters: {
                path: {
                    draft: string;
                };
            };
            responses: {
                204: {
                };
            };
        };
    };
    "/v1/templates": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Template"][];
                    };
                };
            };
        };
    };
    "/v1/templates/{name}": {
        put: {
            parameters: {
                path: {
                    name: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TemplateBody"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Template"];
                    };
                };
            };
        };
        delete: {
            parameters: {
                path: {
                    name: string;
                };
            };
            responses: {
                204: {
                };
            };
        };
    };
    "/v1/prefill": {
        get: {
            parameters: {
                query?: {
                    plate?: string | null;
                    trip?: number | null;
                    reference?: string | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Filled"];
                    };
                };
            };
        };
    };
    "/v1/fair-use": {
        get: {
            parameters: {
                query?: {
                    plate?: string | null;
                    device?: string | null;
                    haulier?: string | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["FairUseAnswer"];
                    };
                };
            };
        };
    };
    "/v1/appeals": {
        get: {
            parameters: {
                query?: {
                    state?: ("open" | "granted" | "refused") | null;
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Appeal"][];
                    };
                };
            };
        };
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AppealBody"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Appeal"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["Appeal"];
                    };
                };
            };
        };
    };
    "/v1/appeals/{appeal_id}/decide": {
        post: {
            parameters: {
                path: {
                    appeal_id: number;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AppealDecision"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Appeal"];
                    };
                };
            };
        };
    };
    "/v1/imports": {
        post: {
            parameters: {
                query?: {
                    dry?: boolean;
                };
                header?: {
                    "Idempotency-Key"?: string | null;
                };
            };
            requestBody: {
                content: {
                    "text/csv": string;
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ImportAnswer"];
                    };
                };
            };
        };
    };
    "/v1/imports/form.csv": {
        get: {
            parameters: {
                query?: {
                    language?: "vi" | "zh" | "en";
                };
            };
            responses: {
                200: {
                    content: {
                        "text/csv": string;
                    };
                };
            };
        };
    };
    "/v1/imports/form.xlsx": {
        get: {
            parameters: {
                query?: {
                    language?: "vi" | "zh" | "en";
                };
            };
            responses: {
                200: {
                    content: {
                        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": unknown;
                    };
                };
            };
        };
    };
    "/v1/partner/declarations": {
        get: {
            parameters: {
                query?: {
                    after?: string | null;
                    limit?: number;
                    trip?: number | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DeclarationPage"];
                    };
                };
            };
        };
    };
    "/v1/partner/stages": {
        get: {
            parameters: {
                query?: {
                    after?: string | null;
                    limit?: number;
                    trip?: number | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["RecordPage"];
                    };
                };
            };
        };
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["StageWords"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Results"];
                    };
                };
            };
        };
    };
    "/v1/partner/crossings": {
        get: {
            parameters: {
                query?: {
                    after?: string | null;
                    limit?: number;
                    trip?: number | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["CrossingPage"];
                    };
                };
            };
        };
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CrossingsSeen"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Results"];
                    };
                };
            };
        };
    };
    "/v1/partner/facts": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["FactsOfTrips"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["FactsResults"];
                    };
                };
            };
        };
    };
    "/v1/partner/foreknown/{reference}": {
        put: {
            parameters: {
                path: {
                    reference: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Foreknown"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["FactsResult"];
                    };
                };
            };
        };
    };
    "/v1/conflicts": {
        get: {
            parameters: {
                query?: {
                    trip?: number | null;
                    state?: ("open" | "kept" | "taken") | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["flowctl__storage__conflicts__Conflict"][];
                    };
                };
            };
        };
    };
    "/v1/conflicts/{conflict_id}/decide": {
        post: {
            parameters: {
                path: {
                    conflict_id: number;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Decision-Input"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["flowctl__storage__conflicts__Conflict"];
                    };
                };
            };
        };
    };
    "/v1/hooks/{source}/camera": {
        post: {
            parameters: {
                header?: {
                    "webhook-id"?: string;
                    "webhook-timestamp"?: string;
                    "webhook-signature"?: string;
                };
                path: {
                    source: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": {
                        camera: string;
                        plate: string;
                        confidence: number;
                        /** Format: date-time */
                        at: string;
                        image?: string | null;
                    };
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["PlateAnswer"];
                    };
                };
            };
        };
    };
    "/v1/hooks/{source}/payments": {
        post: {
            parameters: {
                header?: {
                    "webhook-id"?: string;
                    "webhook-timestamp"?: string;
                    "webhook-signature"?: string;
                };
                path: {
                    source: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": {
                        trip?: number | null;
                        plate?: string | null;
                        declaration?: string | null;
                        amount_vnd: number;
                        method?: string | null;
                        reference: string;
                        /** Format: date-time */
                        paid_at: string;
                    };
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["PaidAnswer"];
                    };
                };
            };
        };
    };
    "/v1/hooks/{source}/stages": {
        post: {
            parameters: {
                header?: {
                    "webhook-id"?: string;
                    "webhook-timestamp"?: string;
                    "webhook-signature"?: string;
                };
                path: {
                    source: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": {
                        items: components["schemas"]["StageWord"][];
                    };
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": {
                            [key: string]: unknown;
                        };
                    };
                };
            };
        };
    };
    "/v1/readings": {
        get: {
            parameters: {
                query?: {
                    outcome?: ("counted" | "known" | "unsure" | "no_trip") | null;
                    trip?: number | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Reading"][];
                    };
                };
            };
        };
    };
    "/v1/openapi.json": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": Record<string, never>;
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/stages": {
        get: {
            parameters: {
                path: {
                    trip_id: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["TripStages"];
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/stages/{stage}": {
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    trip_id: number;
                    stage: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Said"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["TripStages"];
                    };
                };
            };
        };
    };
    "/v1/work": {
        get: {
            parameters: {
                query?: {
                    desk?: components["schemas"]["Desk"] | null;
                    stage?: string | null;
                    gate?: string | null;
                    direction?: ("export" | "import") | null;
                    state?: components["schemas"]["flowctl__workflow__stages__State"] | null;
                    q?: string | null;
                    after?: string | null;
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Work"];
                    };
                };
            };
        };
    };
    "/v1/work/bulk": {
        post: {
            parameters: {
                header: {
                    "Idempotency-Key": string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Bulk"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["BulkDone"];
                    };
                };
            };
        };
    };
    "/v1/workflow": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownWorkflow"] | null;
                    };
                };
            };
        };
    };
    "/v1/workflows": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownVersion"][];
                    };
                };
            };
        };
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Text"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownVersion"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["ShownVersion"];
                    };
                };
            };
        };
    };
    "/v1/workflows/{version}": {
        get: {
            parameters: {
                path: {
                    version: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["VersionText"];
                    };
                };
            };
        };
    };
    "/v1/workflows/check": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Text"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["api__workflows__Checked"];
                    };
                };
            };
        };
    };
    "/v1/handovers": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownSwitch"][];
                    };
                };
            };
        };
    };
    "/v1/gates/{gate}/handovers": {
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    gate: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewSwitch"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownSwitch"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["ShownSwitch"];
                    };
                };
            };
        };
    };
    "/v1/handovers/{switch_id}/end": {
        post: {
            parameters: {
                path: {
                    switch_id: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownSwitch"];
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/past": {
        get: {
            parameters: {
                path: {
                    trip_id: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Past"];
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/track": {
        get: {
            parameters: {
                query?: {
                    since?: string | null;
                    until?: string | null;
                };
                path: {
                    trip_id: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Track"];
                    };
                };
            };
        };
    };
    "/v1/search": {
        get: {
            parameters: {
                query: {
                    q: string;
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["FoundTrip"][];
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/device/accept": {
        post: {
            parameters: {
                path: {
                    trip_id: number;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Acceptance"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["TripAnswer"];
                    };
                };
            };
        };
    };
    "/v1/gates/{gate}/events": {
        post: {
            parameters: {
                path: {
                    gate: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SeenTruck"][];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Recorded"];
                    };
                };
            };
        };
    };
    "/v1/gates/{gate}/list": {
        get: {
            parameters: {
                path: {
                    gate: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["GateList"];
                    };
                };
            };
        };
    };
    "/v1/gates/{gate}/decisions": {
        post: {
            parameters: {
                path: {
                    gate: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfficerDecision"][];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Decided"];
                    };
                };
            };
        };
    };
    "/v1/closures": {
        get: {
            parameters: {
                query?: {
                    since?: string | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownClosure"][];
                    };
                };
            };
        };
    };
    "/v1/closures/{closure_id}": {
        get: {
            parameters: {
                path: {
                    closure_id: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownClosure"];
                    };
                };
            };
        };
        delete: {
            parameters: {
                path: {
                    closure_id: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                204: {
                };
            };
        };
        patch: {
            parameters: {
                path: {
                    closure_id: number;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ClosureEnd"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownClosure"];
                    };
                };
            };
        };
    };
    "/v1/held": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Held"][];
                    };
                };
            };
        };
    };
    "/v1/gates/{gate}/closures/affected": {
        get: {
            parameters: {
                query?: {
                    starts_at?: string | null;
                    ends_at?: string | null;
                };
                path: {
                    gate: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Affected"];
                    };
                };
            };
        };
    };
    "/v1/gates/{gate}/closures": {
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    gate: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewClosure"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownClosure"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["ShownClosure"];
                    };
                };
            };
        };
    };
    "/v1/closures/{closure_id}/end": {
        post: {
            parameters: {
                path: {
                    closure_id: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownClosure"];
                    };
                };
            };
        };
    };
    "/v1/acts/reasons": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": {
                            [key: string]: string[];
                        };
                    };
                };
            };
        };
    };
    "/v1/acts": {
        get: {
            parameters: {
                query?: {
                    state?: ("waiting" | "standing" | "done") | null;
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownAct"][];
                    };
                };
            };
        };
        post: {
            parameters: {
                header: {
                    "Idempotency-Key": string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["HoldTruck"] | components["schemas"]["HoldClass"] | components["schemas"]["Capacity"] | components["schemas"]["OpenGate"] | components["schemas"]["Pin"] | components["schemas"]["Exchange"] | components["schemas"]["Forward"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownAct"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["ShownAct"];
                    };
                };
            };
        };
    };
    "/v1/acts/{act_id}": {
        get: {
            parameters: {
                path: {
                    act_id: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownAct"];
                    };
                };
            };
        };
    };
    "/v1/acts/preview": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["HoldTruck"] | components["schemas"]["HoldClass"] | components["schemas"]["Capacity"] | components["schemas"]["OpenGate"] | components["schemas"]["CloseGate"] | components["schemas"]["Pin"] | components["schemas"]["Exchange"] | components["schemas"]["Forward"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownEffect"];
                    };
                };
            };
        };
    };
    "/v1/acts/{act_id}/approve": {
        post: {
            parameters: {
                path: {
                    act_id: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownAct"];
                    };
                };
            };
        };
    };
    "/v1/acts/{act_id}/refuse": {
        post: {
            parameters: {
                path: {
                    act_id: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Note"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownAct"];
                    };
                };
            };
        };
    };
    "/v1/acts/{act_id}/end": {
        post: {
            parameters: {
                path: {
                    act_id: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Note"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownAct"];
                    };
                };
            };
        };
    };
    "/v1/paper/{gate}": {
        get: {
            parameters: {
                query?: {
                    yard?: string | null;
                };
                path: {
                    gate: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "text/html": string;
                    };
                };
            };
        };
        post: {
            parameters: {
                path: {
                    gate: string;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["MadeOrder"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["MadeOrder"];
                    };
                };
            };
        };
    };
    "/v1/paper/{order}/entries": {
        post: {
            parameters: {
                path: {
                    order: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EnteredRow"][];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Entered"];
                    };
                };
            };
        };
    };
    "/v1/plans/latest": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownPlan"];
                    };
                };
            };
        };
    };
    "/v1/visits": {
        get: {
            parameters: {
                query?: {
                    plate?: string | null;
                    zone?: string | null;
                    since?: string | null;
                    until?: string | null;
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["VisitAnswer"][];
                    };
                };
            };
        };
    };
    "/v1/yards/{yard}/events": {
        post: {
            parameters: {
                path: {
                    yard: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Seen"][];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["YardRecorded"];
                    };
                };
            };
        };
    };
    "/v1/alerts": {
        get: {
            parameters: {
                query?: {
                    state?: components["schemas"]["flowctl__storage__alerts__State"] | null;
                    kind?: components["schemas"]["Kind"] | null;
                    since?: string | null;
                    unsettled?: boolean;
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AlertAnswer"][];
                    };
                };
            };
        };
    };
    "/v1/alerts/carers": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": string[];
                    };
                };
            };
        };
    };
    "/v1/alerts/{alert_id}": {
        get: {
            parameters: {
                path: {
                    alert_id: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AlertDetail"];
                    };
                };
            };
        };
        post: {
            parameters: {
                path: {
                    alert_id: number;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Judgement"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AlertDetail"];
                    };
                };
            };
        };
    };
    "/v1/alerts/{alert_id}/care": {
        post: {
            parameters: {
                path: {
                    alert_id: number;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Care"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AlertDetail"];
                    };
                };
            };
        };
    };
    "/v1/alerts/{alert_id}/snooze": {
        post: {
            parameters: {
                path: {
                    alert_id: number;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Aside"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AlertDetail"];
                    };
                };
            };
        };
    };
    "/v1/site": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownSite"];
                    };
                };
            };
        };
    };
    "/v1/zone-versions": {
        get: {
            parameters: {
                query?: {
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["VersionLine"][];
                    };
                };
            };
        };
    };
    "/v1/zone-versions/{version}": {
        get: {
            parameters: {
                path: {
                    version: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DrawnZones"];
                    };
                };
            };
        };
        delete: {
            parameters: {
                path: {
                    version: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                204: {
                };
            };
        };
    };
    "/v1/zone-drafts": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DraftLine"][];
                    };
                };
            };
        };
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewDraft"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownDraft"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["ShownDraft"];
                    };
                };
            };
        };
    };
    "/v1/zone-drafts/{draft}": {
        get: {
            parameters: {
                path: {
                    draft: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownDraft"];
                    };
                };
            };
        };
        put: {
            parameters: {
                path: {
                    draft: number;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DraftZones"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownDraft"];
                    };
                };
            };
        };
        delete: {
            parameters: {
                path: {
                    draft: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                204: {
                };
            };
        };
    };
    "/v1/zone-drafts/{draft}/import": {
        post: {
            parameters: {
                path: {
                    draft: number;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DraftFile"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownDraft"];
                    };
                };
            };
        };
    };
    "/v1/zone-drafts/{draft}/rebase": {
        post: {
            parameters: {
                path: {
                    draft: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownDraft"];
                    };
                };
            };
        };
    };
    "/v1/zones/split": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Cut"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Geometry"][];
                    };
                };
            };
        };
    };
    "/v1/zone-drafts/{draft}/publish": {
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    draft: number;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Publication"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["VersionLine"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["VersionLine"];
                    };
                };
            };
        };
    };
    "/v1/zone-drafts/{draft}/preview": {
        get: {
            parameters: {
                query: {
                    day: string;
                };
                path: {
                    draft: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/x-ndjson": unknown;
                    };
                };
            };
        };
    };
    "/v1/corridors": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownWay"][];
                    };
                };
            };
        };
    };
    "/v1/corridors/{way}/spacetime": {
        get: {
            parameters: {
                query?: {
                    since?: string | null;
                    until?: string | null;
                };
                path: {
                    way: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Spacetime"];
                    };
                };
            };
        };
    };
    "/v1/live": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": Record<string, never>;
                    };
                };
            };
        };
    };
    "/v1/messages": {
        get: {
            parameters: {
                query?: {
                    state?: ("waiting" | "sent" | "superseded" | "expired" | "limited" | "dead") | null;
                    before?: number | null;
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["MessageRecord"][];
                    };
                };
            };
        };
    };
    "/v1/messages/summary": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["MessageSummary"];
                    };
                };
            };
        };
    };
    "/v1/messages/{message_id}/retry": {
        post: {
            parameters: {
                path: {
                    message_id: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["MessageRecord"];
                    };
                };
            };
        };
    };
    "/v1/forecast": {
        get: {
            parameters: {
                query?: {
                    hours?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Forecasts"];
                    };
                };
            };
        };
    };
    "/v1/traffic": {
        get: {
            parameters: {
                query?: {
                    at?: string | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Traffic"];
                    };
                };
            };
        };
    };
    "/v1/eta/scores": {
        get: {
            parameters: {
                query?: {
                    days?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DayScore"][];
                    };
                };
            };
        };
    };
    "/v1/events": {
        get: {
            responses: {
                200: {
                    content: {
                        "text/event-stream": unknown;
                    };
                };
            };
        };
    };
    "/v1/bulletins": {
        get: {
            parameters: {
                query?: {
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["BulletinListed"][];
                    };
                };
            };
        };
    };
    "/v1/bulletins/next": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["BulletinNext"];
                    };
                };
            };
        };
    };
    "/v1/bulletins/{name}": {
        get: {
            parameters: {
                query?: {
                    lang?: string;
                    until?: string | null;
                    version?: number | null;
                };
                path: {
                    name: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": unknown;
                        "text/html": string;
                        "text/csv": string;
                        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": unknown;
                        "application/pdf": unknown;
                        "application/zip": unknown;
                    };
                };
            };
        };
    };
    "/v1/reports": {
        get: {
            parameters: {
                query: {
                    since: string;
                    until: string;
                    period?: components["schemas"]["Period"];
                    by?: components["schemas"]["Part"][];
                    gate?: string | null;
                    direction?: string | null;
                    cargo?: string | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ReportAnswer"];
                    };
                };
            };
        };
    };
    "/v1/reports/dictionary": {
        get: {
            parameters: {
                query?: {
                    language?: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DictionaryLine"][];
                    };
                };
            };
        };
    };
    "/v1/reports.{form}": {
        get: {
            parameters: {
                query: {
                    since: string;
                    until: string;
                    period?: components["schemas"]["Period"];
                    by?: components["schemas"]["Part"][];
                    gate?: string | null;
                    direction?: string | null;
                    cargo?: string | null;
                    language?: string;
                };
                path: {
                    form: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "text/csv": string;
                        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": unknown;
                        "application/vnd.apache.parquet": unknown;
                    };
                };
            };
        };
    };
    "/v1/fees": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ScheduleAnswer"] | null;
                    };
                };
            };
        };
    };
    "/v1/fees/quote": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Asked"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["QuoteAnswer"];
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/dues": {
        get: {
            parameters: {
                path: {
                    trip_id: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DuesAnswer"];
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/payments": {
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    trip_id: number;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Paying"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DuesAnswer"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["DuesAnswer"];
                    };
                };
            };
        };
    };
    "/v1/payments/{payment_id}/refund": {
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    payment_id: number;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Refunding"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownPayment"];
                    };
                };
                201: {
                    content: {
                        "application/json": components["schemas"]["ShownPayment"];
                    };
                };
            };
        };
    };
    "/v1/payments/{payment_id}/receipt.{form}": {
        get: {
            parameters: {
                query?: {
                    language?: string;
                };
                path: {
                    payment_id: number;
                    form: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "text/html": string;
                        "application/pdf": unknown;
                    };
                };
            };
        };
    };
    "/v1/settlements/{day}.{form}": {
        get: {
            parameters: {
                query?: {
                    language?: string;
                };
                path: {
                    day: string;
                    form: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "text/html": string;
                        "application/pdf": unknown;
                        "text/csv": string;
                        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": unknown;
                    };
                };
            };
        };
    };
    "/v1/settlements/{day}": {
        get: {
            parameters: {
                path: {
                    day: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["SettlementAnswer"];
                    };
                };
            };
        };
    };
    "/v1/crossings": {
        get: {
            parameters: {
                query?: {
                    state?: "away" | "overdue" | "all";
                    gate?: string | null;
                    direction?: ("export" | "import") | null;
                    load?: ("laden" | "empty") | null;
                    after?: number | null;
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["CrossingsAnswer"];
                    };
                };
            };
        };
    };
    "/v1/crossings.csv": {
        get: {
            parameters: {
                query?: {
                    state?: "away" | "overdue" | "all";
                    gate?: string | null;
                    since?: string | null;
                    until?: string | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "text/csv": string;
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/crossings": {
        get: {
            parameters: {
                path: {
                    trip_id: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["TripCrossings"];
                    };
                };
            };
        };
    };
    "/v1/pairs": {
        get: {
            parameters: {
                query?: {
                    waits_min?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["HalfPair"][];
                    };
                };
            };
        };
    };
    "/v1/ledger/head": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownHead"];
                    };
                };
            };
        };
    };
    "/v1/ledger/heads": {
        get: {
            parameters: {
                query?: {
                    since?: string | null;
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ShownHead"][];
                    };
                };
            };
        };
    };
    "/v1/ledger/overtakes": {
        get: {
            parameters: {
                query?: {
                    day?: string | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Overtakes"];
                    };
                };
            };
        };
    };
    "/v1/ledger": {
        get: {
            parameters: {
                query?: {
                    after?: number;
                    limit?: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/x-ndjson": unknown;
                    };
                };
            };
        };
    };
    "/v1/trips/{trip_id}/why": {
        get: {
            parameters: {
                query?: {
                    language?: ("vi" | "zh" | "en") | null;
                };
                path: {
                    trip_id: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Why"];
                    };
                };
            };
        };
    };
    "/v1/driver/{code}/why": {
        get: {
            parameters: {
                query?: {
                    language?: ("vi" | "zh" | "en") | null;
                };
                path: {
                    code: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Why"];
                    };
                };
            };
        };
    };
    "/v1/driver/{code}": {
        get: {
            parameters: {
                query?: {
                    language?: ("vi" | "zh" | "en") | null;
                };
                path: {
                    code: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DriverView"];
                    };
                };
            };
        };
    };
    "/v1/driver/{code}/accept": {
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    code: string;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DriverView"];
                    };
                };
            };
        };
    };
    "/v1/driver/{code}/late": {
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    code: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Lateness"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DriverView"];
                    };
                };
            };
        };
    };
    "/v1/driver/{code}/cancel": {
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    code: string;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DriverView"];
                    };
                };
            };
        };
    };
    "/v1/driver/{code}/slots": {
        get: {
            parameters: {
                path: {
                    code: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["FreeSlots"];
                    };
                };
            };
        };
    };
    "/v1/driver/{code}/slot": {
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    code: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ChosenSlot"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DriverView"];
                    };
                };
            };
        };
    };
    "/v1/driver/{code}/extension": {
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    code: string;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DriverView"];
                    };
                };
            };
        };
    };
    "/v1/driver/{code}/standby": {
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    code: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["StandbyWish"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["DriverView"];
                    };
                };
            };
        };
    };
    "/v1/driver/{code}/claim": {
        post: {
            parameters: {
                path: {
                    code: string;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Claim"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["MayAct"];
                    };
                };
            };
        };
    };
    "/v1/driver/{code}/code": {
        post: {
            parameters: {
                path: {
                    code: string;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["api__phone__Accepted"];
                    };
                };
                202: {
                    content: {
                        "application/json": components["schemas"]["api__phone__Accepted"];
                    };
                };
            };
        };
    };
    "/v1/driver-logins": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Number"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["api__phone__Accepted"];
                    };
                };
                202: {
                    content: {
                        "application/json": components["schemas"]["api__phone__Accepted"];
                    };
                };
            };
        };
    };
    "/v1/driver-logins/code": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NumberAndCode"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["OpenTrips"];
                    };
                };
            };
        };
    };
    "/v1/driver/{code}/pass": {
        get: {
            parameters: {
                path: {
                    code: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["PassAnswer"];
                    };
                };
            };
        };
    };
    "/v1/driver/{code}/tracker": {
        post: {
            parameters: {
                path: {
                    code: string;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["TrackerAnswer"];
                    };
                };
            };
        };
    };
    "/v1/driver/{code}/push": {
        put: {
            parameters: {
                path: {
                    code: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PushWish"];
                };
            };
            responses: {
                204: {
                };
            };
        };
        delete: {
            parameters: {
                path: {
                    code: string;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                204: {
                };
            };
        };
    };
    "/v1/scenarios": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ScenarioChoice"][];
                    };
                };
            };
        };
    };
    "/v1/scenario-form": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["FormField"][];
                    };
                };
            };
        };
    };
    "/v1/scenarios/{scenario}": {
        get: {
            parameters: {
                path: {
                    scenario: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ScenarioText"];
                    };
                };
            };
        };
        put: {
            parameters: {
                path: {
                    scenario: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ScenarioBody"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["ScenarioText"];
                    };
                };
            };
        };
        delete: {
            parameters: {
                path: {
                    scenario: string;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                204: {
                };
            };
        };
    };
    "/v1/scenarios/check": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CheckBody"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["api__scenarios__Checked"];
                    };
                };
            };
        };
    };
    "/v1/scenarios/edit": {
        post: {
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EditBody"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["EditedText"];
                    };
                };
            };
        };
    };
    "/v1/simulations/compare": {
        get: {
            parameters: {
                query: {
                    run: number[];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Comparison"];
                    };
                };
            };
        };
    };
    "/v1/simulations": {
        get: {
            parameters: {
                query?: {
                    limit?: number;
                    mine?: boolean;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["RunLine"][];
                    };
                };
            };
        };
        post: {
            parameters: {
                header?: {
                    "Idempotency-Key"?: string | null;
                };
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SimulationRequest"];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["api__simulations__Accepted"];
                    };
                };
                202: {
                    content: {
                        "application/json": components["schemas"]["api__simulations__Accepted"];
                    };
                };
            };
        };
    };
    "/v1/simulations/{job_id}": {
        get: {
            parameters: {
                path: {
                    job_id: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["Run"];
                    };
                };
            };
        };
    };
    "/v1/simulations/{job_id}/trucks": {
        get: {
            parameters: {
                path: {
                    job_id: number;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["RunTrucks"];
                    };
                };
            };
        };
    };
    "/v1/simulations/{job_id}/cancel": {
        post: {
            parameters: {
                path: {
                    job_id: number;
                };
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["Nothing"] | null;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["RunLine"];
                    };
                };
            };
        };
    };
    "/v1/simulations/{job_id}/export.{form}": {
        get: {
            parameters: {
                query?: {
                    language?: string;
                };
                path: {
                    job_id: number;
                    form: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "text/csv": string;
                        "application/vnd.apache.parquet": unknown;
                        "image/png": unknown;
                        "image/svg+xml": string;
                        "text/html": string;
                        "application/pdf": unknown;
                    };
                };
            };
        };
    };
    "/v1/osmand/{token}": {
        get: {
            parameters: {
                query?: {
                    id?: string;
                    lat?: string;
                    lon?: string;
                    timestamp?: string;
                    speed?: string;
                    bearing?: string;
                    altitude?: string;
                    accuracy?: string;
                };
                path: {
                    token: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AcceptedFixes"];
                    };
                };
            };
        };
        post: {
            parameters: {
                query?: {
                    id?: string;
                    lat?: string;
                    lon?: string;
                    timestamp?: string;
                    speed?: string;
                    bearing?: string;
                    altitude?: string;
                    accuracy?: string;
                };
                path: {
                    token: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AcceptedFixes"];
                    };
                };
            };
        };
    };
    "/v1/osmand/{token}/": {
        get: {
            parameters: {
                query?: {
                    id?: string;
                    lat?: string;
                    lon?: string;
                    timestamp?: string;
                    speed?: string;
                    bearing?: string;
                    altitude?: string;
                    accuracy?: string;
                };
                path: {
                    token: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AcceptedFixes"];
                    };
                };
            };
        };
        post: {
            parameters: {
                query?: {
                    id?: string;
                    lat?: string;
                    lon?: string;
                    timestamp?: string;
                    speed?: string;
                    bearing?: string;
                    altitude?: string;
                    accuracy?: string;
                };
                path: {
                    token: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AcceptedFixes"];
                    };
                };
            };
        };
    };
    "/v1/traccar": {
        post: {
            requestBody: {
                content: {
                    "application/json": {
                        position?: Record<string, never>;
                        device?: Record<string, never>;
                        event?: Record<string, never>;
                    };
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AcceptedFixes"];
                    };
                };
            };
        };
    };
    "/v1/owntracks": {
        post: {
            parameters: {
                query?: {
                    u?: string;
                    d?: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": {
                        _type: string;
                    } | {
                        _type: string;
                    }[];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": unknown[];
                    };
                };
            };
        };
    };
    "/v1/ufms": {
        post: {
            requestBody: {
                content: {
                    "application/x-protobuf": string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AcceptedFixes"];
                    };
                };
            };
        };
    };
    "/v1/traccar/{token}": {
        post: {
            parameters: {
                path: {
                    token: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": {
                        position?: Record<string, never>;
                        device?: Record<string, never>;
                        event?: Record<string, never>;
                    };
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AcceptedFixes"];
                    };
                };
            };
        };
    };
    "/v1/owntracks/{token}": {
        post: {
            parameters: {
                query?: {
                    u?: string;
                    d?: string;
                };
                path: {
                    token: string;
                };
            };
            requestBody: {
                content: {
                    "application/json": {
                        _type: string;
                    } | {
                        _type: string;
                    }[];
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": unknown[];
                    };
                };
            };
        };
    };
    "/v1/ufms/{token}": {
        post: {
            parameters: {
                path: {
                    token: string;
                };
            };
            requestBody: {
                content: {
                    "application/x-protobuf": string;
                };
            };
            responses: {
                200: {
                    content: {
                        "application/json": components["schemas"]["AcceptedFixes"];
                    };
                };
            };
        };
    };
    "/v1/board": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/json": unknown;
                    };
                };
            };
        };
    };
    "/v1/board.csv": {
        get: {
            parameters: {
                query?: {
                    lang?: string;
                };
            };
            responses: {
                200: {
                    content: {
                        "text/csv": string;
                    };
                };
            };
        };
    };
    "/v1/board.geojson": {
        get: {
            responses: {
                200: {
                    content: {
                        "application/geo+json": unknown;
                    };
                };
            };
        };
    };
    "/v1/sms/{token}/answer": {
        get: {
            parameters: {
                path: {
                    token: string;
                };
            };
            responses: {
                200: {
                };
            };
        };
        post: {
            parameters: {
                path: {
                    token: string;
                };
            };
            responses: {
                200: {
                };
            };
        };
    };
    "/v1/sms/{token}/receipt": {
        get: {
            parameters: {
                path: {
                    token: string;
                };
            };
            responses: {
                200: {
                };
            };
        };
        post: {
            parameters: {
                path: {
                    token: string;
                };
            };
            responses: {
                200: {
                };
            };
        };
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Acceptance: {
            reason: components["schemas"]["Cause"];
        };
        Access: {
            id: number;
            /** Format: date-time */
            at: string;
            account: string;
            role: string;
            act: string;
            subject: string;
            trip: number | null;
            plate: string | null;
        };
        Accesses: {
            /** Format: date-time */
            at: string;
            rows: components["schemas"]["Access"][];
            before: number | null;
        };
        AccountPatch: {
            role?: components["schemas"]["Role"] | null;
            person?: string | null;
            post?: string | null;
            agency?: components["schemas"]["Agency"] | null;
            email?: string | null;
        };
        /** @enum {string} */
        Act: "confirmed" | "refused" | "asked" | "answered" | "withdrawn";
        /** @enum {string} */
        AdviceKind: "hold" | "stay" | "no_slot";
        Affected: {
            /** Format: date-time */
            until: string;
            slots: number;
            called: number;
        };
        /** @enum {string} */
        Agency: "customs" | "border_guard" | "plant_quarantine" | "health_quarantine" | "tax";
        AlertAnswer: {
            id: number;
            kind: string;
            severity: string;
            state: string;
            trip_id: number | null;
            plate: string | null;
            other_trip_id: number | null;
            other_plate: string | null;
            device: string | null;
            haulier: string | null;
            place: string | null;
            /** Format: date-time */
            at: string;
            /** Format: date-time */
            found_at: string;
            /** Format: date-time */
            last_seen_at: string;
            proved: boolean;
            loses_seniority: boolean;
            over_at: string | null;
            escalates_at: string | null;
            assigned_to: string | null;
            snoozed_until: string | null;
            acknowledged_by: string | null;
            acknowledged_at: string | null;
            evidence: {
                [key: string]: string | number;
            };
        };
        AlertDetail: {
            id: number;
            kind: string;
            severity: string;
            state: string;
            trip_id: number | null;
            plate: string | null;
            other_trip_id: number | null;
            other_plate: string | null;
            device: string | null;
            haulier: string | null;
            place: string | null;
            /** Format: date-time */
            at: string;
            /** Format: date-time */
            found_at: string;
            /** Format: date-time */
            last_seen_at: string;
            proved: boolean;
            loses_seniority: boolean;
            over_at: string | null;
            escalates_at: string | null;
            assigned_to: string | null;
            snoozed_until: string | null;
            acknowledged_by: string | null;
            acknowledged_at: string | null;
            evidence: {
                [key: string]: string | number;
            };
            points: components["schemas"]["Collection_Found_"];
            decisions: components["schemas"]["Decision-Output"][];
        };
        Appeal: {
            id: number;
            haulier: string;
            about: string;
            trip: number | null;
            plate: string | null;
            words: string;
            /** Format: date-time */
            made_at: string;
            state: string;
            decided_by: string | null;
            decided_at: string | null;
            answer: string | null;
        };
        AppealBody: {
            about: string;
            words: string;
            trip?: number | null;
            haulier?: string | null;
        };
        AppealDecision: {
            granted: boolean;
            answer: string;
        };
        Aside: {
            until: string | null;
            /** @default  */
            note?: string;
        };
        AsideCount: {
            /** Format: date-time */
            hour: string;
            source: string | null;
            reason: string;
            n: number;
            released: number;
        };
        AsideItem: {
            id: number;
            source: string | null;
            /** Format: date-time */
            received_at: string;
            reason: string;
            device: string | null;
            fixed_at: string | null;
            released_at: string | null;
            raw: string;
            encoding: string;
        };
        AsidePage: {
            items: components["schemas"]["AsideItem"][];
            next: string | null;
        };
        Asked: {
            facts: {
                [key: string]: string;
            };
        };
        Assignment: {
            id: number;
            device: string;
            plate: string;
            /** Format: date-time */
            since: string;
            until: string | null;
            is_primary: boolean;
            assigned_by: string;
        };
        AssignmentEnd: {
            until?: string | null;
        };
        AuditPage: {
            /** Format: date-time */
            at: string;
            records: components["schemas"]["AuditRecord"][];
            before: number | null;
            plates: {
                [key: string]: string;
            };
            left_out: number | null;
        };
        AuditRecord: {
            id: number;
            /** Format: date-time */
            at: string;
            /** Format: date-time */
            wall_at: string;
            account: string;
            role: string;
            address: string | null;
            act: string;
            subject: string;
            before: {
                [key: string]: unknown;
            } | null;
            after: {
                [key: string]: unknown;
            } | null;
        };
        Authenticator: {
            on: boolean;
            recovery_codes_left: number;
        };
        AwayCount: {
            gate: string;
            load: string | null;
            away: number;
            overdue: number;
        };
        Beside: {
            customer: string | null;
            goods: string | null;
            goods_class: string | null;
            trailer: string | null;
            load: string;
            marks: string[];
            locked: string[];
            reached: string | null;
            open: components["schemas"]["OpenStage"][];
            documents: number;
            open_conflicts: number;
            due_vnd: number | null;
        };
        Buffers: {
            inner: number;
            outer: number;
        };
        Bulk: {
            desk?: components["schemas"]["Desk"] | null;
            act: components["schemas"]["Act"];
            items: components["schemas"]["Item"][];
            reason?: string | null;
            note?: string | null;
        };
        BulkDone: {
            done: components["schemas"]["DoneItem"][];
            refused: components["schemas"]["RefusedItem"][];
        };
        BulletinListed: {
            /** Format: date */
            day: string;
            version: number;
            /** Format: date-time */
            made_at: string;
            changed: number;
            cleared_export: number;
            cleared_import: number;
            arrived: number;
            waiting: number;
        };
        BulletinNext: {
            /** Format: date */
            day: string;
            /** Format: date-time */
            comes_at: string;
            /** Format: date-time */
            counted_at: string;
            timezone: string;
            cleared_export: number;
            cleared_import: number;
            arrived: number;
            waiting: number;
        };
        Capacity: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "capacity";
            reason: string;
            /** @default  */
            note?: string;
            gate: string;
            per_h: number;
            starts_at?: string | null;
            /** Format: date-time */
            ends_at: string;
        };
        Care: {
            to: string | null;
            instead_of?: string | null;
        };
        /** @enum {string} */
        Cargo: "normal" | "reefer" | "perishable";
        Carried: {
            device: string;
            /** Format: date-time */
            since: string;
            until: string | null;
            is_primary: boolean;
            seen_at: string | null;
            fault: string | null;
            fault_since: string | null;
        };
        /** @enum {string} */
        Cause: "broken" | "lost" | "replaced";
        ChangedTrip: {
            id: number;
            plate: string;
            language: string;
            direction: string;
            cargo: string;
            gates: string[];
            /** Format: date-time */
            ready_at: string;
            /** Format: date-time */
            registered_at: string;
            state: string;
            stage: string;
            device: string | null;
            tracker: ("device" | "phone") | null;
            slot: components["schemas"]["SlotAnswer"] | null;
            released_at: string | null;
            arrived_at: string | null;
            yard: string | null;
            haulier: string | null;
            weight_t: number | null;
            convoy: string | null;
            standby: boolean;
            extended_until: string | null;
            penalty_s: number;
            needs: string | null;
            returns_within_h?: number | null;
            eta?: components["schemas"]["EtaAnswer"] | null;
            regains_at?: string | null;
            /** @default false */
            by_hand?: boolean;
            /** @default false */
            device_faulty?: boolean;
            /** @default true */
            has_number?: boolean;
            declaration?: string | null;
            lost_place_by?: string[];
        };
        CheckBody: {
            text: string;
        };
        ChosenSlot: {
            gate: string;
            /** Format: date-time */
            starts_at: string;
        };
        Claim: {
            code?: string | null;
        };
        Clearance: {
            gate: string;
            kind: string;
            reason: string | null;
            /** Format: date-time */
            at: string;
            decided_by: string;
        };
        CloseGate: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "close_gate";
            /** @default  */
            reason?: string;
            /** @default  */
            note?: string;
            gate: string;
            starts_at?: string | null;
            ends_at?: string | null;
            /** @default 0 */
            places_left?: number;
        };
        ClosureEnd: {
            ends_at: string | null;
        };
        Code: {
            code: string;
        };
        Colleague: {
            account: string;
            person: string | null;
            post: string | null;
        };
        Collection_Found_: {
            /** @constant */
            type: "FeatureCollection";
            features: components["schemas"]["Feature_Found_"][];
        };
        Collection_PastZone_: {
            /** @constant */
            type: "FeatureCollection";
            features: components["schemas"]["Feature_PastZone_"][];
        };
        Collection_SiteRoad_: {
            /** @constant */
            type: "FeatureCollection";
            features: components["schemas"]["Feature_SiteRoad_"][];
        };
        Collection_SiteZone_: {
            /** @constant */
            type: "FeatureCollection";
            features: components["schemas"]["Feature_SiteZone_"][];
        };
        ComparedMeasure: {
            key: string;
            unit: string;
            values: (components["schemas"]["Interval"] | null)[];
            differences: (components["schemas"]["Difference"] | null)[];
        };
        ComparedRun: {
            id: number;
            label: string;
            scenario: string;
            steering: string;
            seed: number;
            replications: number;
        };
        Comparison: {
            runs: components["schemas"]["ComparedRun"][];
            measures: components["schemas"]["ComparedMeasure"][];
        };
        Counted: {
            reason: string;
            n: number;
            text: string;
        };
        Counts: {
            stage: string;
            /** @default false */
            at_least?: boolean;
            /** @default 0 */
            ready?: number;
            /** @default 0 */
            asked?: number;
            /** @default 0 */
            refused?: number;
            /** @default 0 */
            expired?: number;
        };
        Credentials: {
            account: string;
            password: string;
            code?: string | null;
        };
        CrossingPage: {
            items: components["schemas"]["CrossingShown"][];
            next: string | null;
            more: boolean;
        };
        CrossingSeen: {
            plate: string;
            gate: string;
            direction: string;
            /** Format: date-time */
            at: string;
        };
        CrossingShown: {
            id: number;
            trip: number | null;
            plate: string;
            gate: string;
            direction: string;
            load: string | null;
            /** Format: date-time */
            at: string;
            due_at: string | null;
            returned_at: string | null;
            /** Format: date-time */
            recorded_at: string;
        };
        CrossingsAnswer: {
            /** Format: date-time */
            at: string;
            rows: components["schemas"]["ShownCrossing"][];
            next: string | null;
            counts: components["schemas"]["AwayCount"][];
        };
        CrossingsSeen: {
            items: components["schemas"]["CrossingSeen"][];
        };
        Cut: {
            geometry: {
                [key: string]: unknown;
            };
            line: {
                [key: string]: unknown;
            };
        };
        DayScore: {
            /** Format: date */
            day: string;
            target: string;
            n: number;
            pending: number;
            hit_rate: number | null;
            mae_s: number | null;
        };
        Decided: {
            recorded: number;
            repeated: number;
            refused: components["schemas"]["RefusedDecision"][];
        };
        "Decision-Input": {
            take: boolean;
        };
        "Decision-Output": {
            state: string;
            note: string;
            by: string;
            /** Format: date-time */
            at: string;
        };
        DeclarationPage: {
            items: components["schemas"]["DeclarationShown"][];
            next: string | null;
            more: boolean;
        };
        DeclarationShown: {
            trip: number;
            declaration: string | null;
            state: string;
            ended_at: string | null;
            plate: string;
            trailer: string | null;
            nationality: string;
            direction: string;
            gates: string[];
            /** Format: date-time */
            ready_at: string;
            load: string;
            cargo: string;
            goods: string | null;
            goods_class: string | null;
            goods_code: string | null;
            weight_class: string | null;
            weight_t: number | null;
            value_vnd: number | null;
            keeps_h: number | null;
            temperature_c: number | null;
            handover: string | null;
            pair_plate: string | null;
            customer: string | null;
            haulier: string | null;
            marks: string[];
            origins: {
                [key: string]: string;
            };
            settled: {
                [key: string]: string;
            };
            workflow: string | null;
            variant: string | null;
            locked: string[];
            /** Format: date-time */
            registered_at: string;
            /** Format: date-time */
            changed_at: string;
            revision: number;
        };
        Declared: {
            /** Format: date-time */
            at: string;
            rows: components["schemas"]["DeclaredTrip"][];
        };
        DeclaredTrip: {
            trip: components["schemas"]["TripAnswer"];
            beside: components["schemas"]["Beside"];
        };
        /** @enum {string} */
        Desk: "customs" | "border_guard" | "plant_quarantine" | "health_quarantine" | "tax" | "yard" | "haulier";
        DeskText: {
            id: number;
            text: string;
            parts: number;
            messages: number;
            written_by: string;
            /** Format: date-time */
            written_at: string;
            sent: number;
            waiting: number;
        };
        DeviceAnswer: {
            uid: string;
            source: string | null;
            assignments: components["schemas"]["Assignment"][];
        };
        DeviceClaim: {
            uid: string;
            source?: string | null;
            plate?: string | null;
            since?: string | null;
            is_primary?: boolean | null;
        };
        DeviceFault: {
            id: number;
            /** Format: date-time */
            since: string;
            until: string | null;
            reason: string;
            marked_by: string;
            ended_by: string | null;
        };
        DevicePage: {
            devices: components["schemas"]["DeviceRow"][];
            next: string | null;
        };
        DeviceRow: {
            uid: string;
            source: string | null;
            plate: string | null;
            fixed_at: string | null;
            faulty?: string | null;
            faulty_since?: string | null;
        };
        DictionaryLine: {
            code: string;
            name: string;
            meaning: string;
        };
        Difference: {
            mean: number | null;
            low: number | null;
            high: number | null;
            paired: boolean;
        };
        /** @enum {string} */
        Direction: "export" | "import";
        Document: {
            /** Format: uuid */
            id: string;
            kind: string;
            name: string | null;
            media_type: string;
            size_bytes: number;
            state: string;
            added_by: string;
            /** Format: date-time */
            added_at: string;
            opens: boolean;
            seen: boolean;
        };
        DoneItem: {
            trip: number;
            stage: string;
        };
        Draft: {
            /** Format: uuid */
            id: string;
            revision: number;
            form: {
                [key: string]: unknown;
            };
            /** Format: date-time */
            changed_at: string;
        };
        DraftBody: {
            revision: number;
            form: {
                [key: string]: unknown;
            };
        };
        DraftFile: {
            revision: number;
            text: string;
        };
        DraftLine: {
            id: number;
            by: string;
            base: number;
            /** Format: date-time */
            made_at: string;
            /** Format: date-time */
            changed_at: string;
        };
        DraftZones: {
            revision: number;
            features: unknown[];
        };
        DrawnZones: {
            /** @constant */
            type: "FeatureCollection";
            features: {
                [key: string]: unknown;
            }[];
        };
        DrivenLine: {
            plate: string | null;
            trip: number | null;
            elsewhere: boolean;
            s: number[];
            m: number[];
        };
        DriverView: {
            plate: string;
            language: string;
            timezone: string;
            other_timezone: string | null;
            /** Format: date-time */
            at: string;
            state: string;
            gate: components["schemas"]["api__gone__Place"] | null;
            yard: components["schemas"]["api__gone__Place"] | null;
            gone: components["schemas"]["Gone"][];
            needs: string | null;
            slot: components["schemas"]["Window"] | null;
            leave_at: string | null;
            released_at: string | null;
            ahead: number | null;
            /** Format: date-time */
            registered_at: string;
            messages: components["schemas"]["ShownMessage"][];
            advice: components["schemas"]["Word"] | null;
            standby: boolean;
            extended_until: string | null;
            not_before: string | null;
            moves_left: number;
            accepted: boolean;
            may_accept: boolean;
            late_until: string | null;
            claimed: boolean;
            may_act: boolean;
            tracker: ("device" | "phone") | null;
            position: components["schemas"]["Position"] | null;
            way: components["schemas"]["Way"] | null;
            gate_now: components["schemas"]["GateNow"] | null;
            yards_now: components["schemas"]["YardNow"][];
            push_key: string | null;
            waits: components["schemas"]["Missing"][];
        };
        DuesAnswer: {
            trip: number;
            plate: string;
            version: string | null;
            lines: components["schemas"]["ShownLine"][];
            withheld: components["schemas"]["ShownWithheld"][];
            total_vnd: number;
            paid_vnd: number;
            due_vnd: number;
            settled: boolean;
            payments: components["schemas"]["ShownPayment"][];
        };
        EditBody: {
            text: string;
            changes: {
                [key: string]: unknown;
            };
        };
        EditedText: {
            text: string;
        };
        Elsewhere: {
            name: string | null;
        };
        Ended: {
            ended: number;
        };
        Enrolment: {
            svg: string;
            address: string;
        };
        Entered: {
            recorded: number;
            repeated: number;
            overtakes: number;
        };
        EnteredRow: {
            number?: number | null;
            /** @default  */
            plate?: string;
            /** @enum {string} */
            event: "released" | "entered" | "cleared" | "no_show";
            time: string;
            who: string;
        };
        Erased: {
            person: number;
            trips: number;
            documents: number;
            forms: number;
        };
        EtaAnswer: {
            /** @enum {string} */
            target: "yard" | "gate";
            place: string;
            /** Format: date-time */
            p10: string;
            /** Format: date-time */
            p50: string;
            /** Format: date-time */
            p90: string;
        };
        Exchange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "swap";
            reason: string;
            /** @default  */
            note?: string;
            trip_id: number;
            other_trip_id: number;
        };
        Expected: {
            id: string;
            mean: number[];
            p10: number[];
            p50: number[];
            p90: number[];
        };
        Facts: {
            trailer?: string | null;
            goods?: string | null;
            goods_class?: string | null;
            goods_code?: string | null;
            weight_class?: string | null;
            weight_t?: number | null;
            value_vnd?: number | null;
            keeps_h?: number | null;
            temperature_c?: number | null;
            load?: components["schemas"]["Load"] | null;
            nationality?: components["schemas"]["Nationality"] | null;
            pair_plate?: string | null;
            customer?: string | null;
            declaration?: string | null;
        };
        FactsOfTrip: {
            trip?: number | null;
            plate?: string | null;
            declaration?: string | null;
            facts: components["schemas"]["Facts"];
        };
        FactsOfTrips: {
            items: components["schemas"]["FactsOfTrip"][];
        };
        FactsResult: {
            /** @enum {string} */
            status: "done" | "refused";
            trip?: number | null;
            /** @default [] */
            filled?: string[];
            /** @default [] */
            conflicts?: string[];
            /** @default [] */
            same?: string[];
            detail?: string | null;
            kind?: string | null;
            /** @default {} */
            values?: {
                [key: string]: unknown;
            };
        };
        FactsResults: {
            results: components["schemas"]["FactsResult"][];
        };
        FairUseAnswer: {
            haulier: string | null;
            active: number;
            quota: number | null;
            left: number | null;
            extensions_per_day: number;
            ban_after: number;
            within_days: number;
            ban_days: number;
            obstacles: components["schemas"]["ObstacleAnswer"][];
        };
        Fault: {
            zone: string | null;
            field: string | null;
            text: string;
            at?: [
                number,
                number
            ] | null;
            kind?: string | null;
            values?: {
                [key: string]: string;
            };
        };
        FaultAnswer: {
            row: number;
            column: string | null;
            text: string;
            kind: string | null;
            values?: {
                [key: string]: unknown;
            };
        };
        /** @enum {string} */
        FaultReason: "wrong_place" | "jumps" | "wrong_clock" | "other_truck" | "tampered" | "silent";
        Feature_Found_: {
            /** @constant */
            type: "Feature";
            properties: components["schemas"]["Found"];
            geometry: components["schemas"]["Geometry"];
        };
        Feature_PastZone_: {
            /** @constant */
            type: "Feature";
            properties: components["schemas"]["PastZone"];
            geometry: components["schemas"]["Geometry"];
        };
        Feature_SiteRoad_: {
            /** @constant */
            type: "Feature";
            properties: components["schemas"]["SiteRoad"];
            geometry: components["schemas"]["Geometry"];
        };
        Feature_SiteZone_: {
            /** @constant */
            type: "Feature";
            properties: components["schemas"]["SiteZone"];
            geometry: components["schemas"]["Geometry"];
        };
        Filled: {
            form: {
                [key: string]: unknown;
            };
            origins: {
                [key: string]: string;
            };
        };
        Forecasts: {
            /** Format: date-time */
            at: string;
            bin_s: number;
            starts_at: string[];
            gates: components["schemas"]["Expected"][];
            yards: components["schemas"]["Expected"][];
        };
        Foreknown: {
            plate?: string | null;
            facts: components["schemas"]["Facts"];
        };
        FormField: {
            path: string;
            kind: string;
            least: number | null;
            most: number | null;
            step: number | null;
            unit: string | null;
            group: string;
            label: string;
            choices?: string[] | null;
        };
        Former: {
            /** Format: date-time */
            known_at: string;
            why: string;
            /** Format: date-time */
            entered_at: string;
            left_at: string | null;
            /** Format: date-time */
            counted_at: string;
        };
        Forward: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "forward";
            reason: string;
            /** @default  */
            note?: string;
            trip_id: number;
            gate?: string | null;
        };
        Found: {
            at: string;
            what: string;
        };
        FoundTrip: {
            id: number;
            plate: string;
            state: string;
            direction: string;
            gates: string[];
            /** Format: date-time */
            registered_at: string;
            ended_at: string | null;
            convoy: string | null;
            declaration: string | null;
            device: string | null;
            by: string;
        };
        FreeSlot: {
            gate: string;
            gate_name: {
                [key: string]: string;
            };
            /** Format: date-time */
            starts_at: string;
            /** Format: date-time */
            ends_at: string;
            free: number;
        };
        FreeSlots: {
            slots: components["schemas"]["FreeSlot"][];
        };
        GateList: {
            site: string;
            gate: string;
            /** Format: date-time */
            at: string;
            public_key: string;
            former_keys: string[];
            early_s: number;
            late_s: number;
            trips: components["schemas"]["ListedTrip"][];
            elsewhere: components["schemas"]["ListedElsewhere"][];
        };
        GateNow: {
            queued: number;
            in_lane: number;
            state: string;
            places: number;
        };
        GateTraffic: {
            id: string;
            queue_at: string | null;
            tail_m: number | null;
            trucks: number | null;
            moving_share: number | null;
            lanes: components["schemas"]["LaneTraffic"][];
        };
        GatewaySum: {
            gateway: string;
            currency: string | null;
            messages: number;
            parts: number;
            cost: string | null;
            delivered: number;
            failed: number;
        };
        Geometry: {
            type: string;
            coordinates: unknown;
        };
        Gone: {
            /** @enum {string} */
            what: "gate" | "yard";
            place: components["schemas"]["api__gone__Place"];
            next: components["schemas"]["api__gone__Place"] | null;
        };
        HalfPair: {
            trip_id: number;
            plate: string;
            gate: string;
            direction: string;
            haulier: string | null;
            /** Format: date-time */
            arrived_at: string;
            pair_plate: string;
            pair_trip_id: number | null;
            missing: string;
        };
        /** @enum {string} */
        HandReason: "no_tracker" | "tracker_silent" | "tracker_faulty" | "unseen" | "walk_in";
        HandSaid: {
            /** @enum {string} */
            what: "entered" | "left";
            yard?: string | null;
            at?: string | null;
            reason: components["schemas"]["HandReason"];
        };
        HandWord: {
            id: number;
            trip_id: number;
            plate: string;
            /** @enum {string} */
            what: "entered" | "left";
            yard: string;
            /** Format: date-time */
            at: string;
            /** Format: date-time */
            counts_at: string;
            reason: string;
            said_by: string;
            /** Format: date-time */
            said_at: string;
            seconded_by: string | null;
            seconded_at: string | null;
            undone_by: string | null;
            undone_at: string | null;
            over_at: string | null;
            is_false: boolean;
            contradicted_at: string | null;
        };
        Held: {
            trip_id: number;
            plate: string;
            gate: string;
            kind: components["schemas"]["AdviceKind"];
            /** Format: date-time */
            at: string;
        };
        HoldClass: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "hold_class";
            reason: string;
            /** @default  */
            note?: string;
            gate?: string | null;
            cargo?: components["schemas"]["Cargo"] | null;
            haulier?: string | null;
            /**
             * @default export
             * @constant
             */
            direction?: "export";
            until?: string | null;
        };
        HoldTruck: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "hold_truck";
            reason: string;
            /** @default  */
            note?: string;
            trip_id: number;
            until?: string | null;
        };
        ImportAnswer: {
            rows: number;
            made: number;
            trips: number[];
            faults: components["schemas"]["FaultAnswer"][];
        };
        InForce: {
            gate: string;
            direction: string;
            variants: string[];
            default: string | null;
        };
        Interval: {
            mean: number | null;
            low?: number | null;
            high?: number | null;
        };
        Item: {
            trip: number;
            stage: string;
        };
        Judgement: {
            /** @enum {string} */
            state: "acknowledged" | "dismissed" | "confirmed" | "closed";
            /** @default  */
            note?: string;
        };
        KeyPatch: {
            scopes: components["schemas"]["Scope"][];
        };
        /** @enum {string} */
        Kind: "unreleased" | "ghost_booking" | "parted" | "two_plates" | "impossible_speed" | "swapped" | "hoarding" | "yard_full" | "queue_growing" | "gate_slow" | "not_followed" | "absent" | "silent" | "off_route" | "overdue_return" | "hand_contradicted" | "positions_late" | "process_late";
        LanePlaces: {
            gate: string;
            lane_class: string;
            /** Format: date-time */
            starts_at: string;
            places: number;
        };
        LaneSpread: {
            p10: number;
            p50: number;
            p90: number;
            n: number;
        };
        LaneTraffic: {
            direction: string;
            headway_s: components["schemas"]["LaneSpread"] | null;
            service_s: components["schemas"]["LaneSpread"] | null;
        };
        Last: {
            /** Format: date-time */
            at: string;
            address: string | null;
            browser: string | null;
        };
        LastDecision: {
            kind: string;
            reason: string | null;
            /** Format: date-time */
            at: string;
            by: string;
        };
        Lateness: {
            minutes: number;
        };
        ListedClearance: {
            stage: string;
            name: {
                [key: string]: string;
            };
            desk: string;
            state: string;
        };
        ListedElsewhere: {
            trip: number;
            plate: string;
            direction: string;
            gate: string;
            slot: components["schemas"]["Window"] | null;
            stage: string;
            released_at: string | null;
        };
        ListedTrip: {
            trip: number;
            plate: string;
            direction: string;
            slot: components["schemas"]["Window"] | null;
            stage: string;
            released_at: string | null;
            order: number | null;
            needs: string | null;
            decision: components["schemas"]["LastDecision"] | null;
            admission: components["schemas"]["StandingAdmission"] | null;
            locked: string[];
            clearances: components["schemas"]["ListedClearance"][];
        };
        /** @enum {string} */
        Load: "laden" | "empty";
        Loss: {
            zone: string;
            standing: number;
            left_out: number;
        };
        MadeKey: {
            source: string;
            key: string;
        };
        MadeOrder: {
            code: string;
            gate: string;
            /** Format: date-time */
            made_at: string;
            /** Format: date-time */
            valid_until: string;
            trucks: number;
        };
        MadePassword: {
            name: string;
            password: string;
        };
        MayAct: {
            may_act: boolean;
        };
        MessageRecord: {
            id: number;
            trip_id: number;
            plate: string;
            kind: string;
            state: string;
            /** Format: date-time */
            created_at: string;
            expires_at: string | null;
            sent_at: string | null;
            gateway: string | null;
            parts: number | null;
            cost: string | null;
            currency: string | null;
            attempts: number;
            trouble: string | null;
            delivery: string | null;
        };
        MessageSummary: {
            /** Format: date-time */
            since: string;
            states: {
                [key: string]: number;
            };
            dead: number;
            sent: components["schemas"]["GatewaySum"][];
            gateways: components["schemas"]["SeenGateway"][];
        };
        Missing: {
            stage: string;
            desk: string;
            state: string;
            /** Format: date-time */
            since: string;
            text: string;
        };
        Named: {
            id: string;
            name: {
                [key: string]: string;
            };
        };
        /** @enum {string} */
        Nationality: "VN" | "CN" | "other";
        NewAccount: {
            name: string;
            role: components["schemas"]["Role"];
            person: string;
            post: string;
            agency?: components["schemas"]["Agency"] | null;
            email?: string | null;
        };
        NewAssignment: {
            plate: string;
            since?: string | null;
            is_primary?: boolean | null;
        };
        NewClosure: {
            starts_at?: string | null;
            ends_at?: string | null;
            /** @default 0 */
            places_left?: number;
            reason: string;
        };
        NewDraft: {
            version?: number | null;
        };
        NewFault: {
            reason: components["schemas"]["FaultReason"];
        };
        NewKey: {
            scopes?: components["schemas"]["Scope"][] | null;
            lasts_days?: number | null;
        };
        NewPassword: {
            old: string;
            new: string;
        };
        NewSource: {
            name: string;
            scopes: components["schemas"]["Scope"][];
            /** @default false */
            enrols?: boolean;
            agency?: components["schemas"]["Desk"] | null;
        };
        NewSwitch: {
            /** @enum {string} */
            direction: "export" | "import";
            variant: string;
            begins_at?: string | null;
            ends_at?: string | null;
            reason: string;
        };
        Note: {
            /** @default  */
            note?: string;
        };
        Nothing: Record<string, never>;
        Number: {
            phone: string;
        };
        NumberAndCode: {
            phone: string;
            code: string;
        };
        ObstacleAnswer: {
            kind: string | null;
            text: string;
            values: {
                [key: string]: string | number | string[] | null;
            };
        };
        OfficerDecision: {
            /** Format: uuid */
            id: string;
            trip?: number | null;
            plate?: string | null;
            kind: components["schemas"]["Verdict"];
            reason?: components["schemas"]["Refusal-Input"] | null;
            /** @default false */
            uncleared?: boolean;
            /** Format: date-time */
            at: string;
        };
        OpenGate: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "open_gate";
            reason: string;
            /** @default  */
            note?: string;
            gate: string;
            starts_at?: string | null;
            /** Format: date-time */
            ends_at: string;
        };
        OpenSession: {
            /** Format: uuid */
            id: string;
            current: boolean;
            /** Format: date-time */
            made_at: string;
            /** Format: date-time */
            seen_at: string;
            /** Format: date-time */
            ends_at: string;
            address: string | null;
            browser: string | null;
            by_other: boolean;
        };
        OpenStage: {
            stage: string;
            desk: string | null;
            state: string;
            /** Format: date-time */
            since: string;
        };
        OpenTrip: {
            code: string;
            plate: string;
        };
        OpenTrips: {
            trips: components["schemas"]["OpenTrip"][];
        };
        OtherTruck: {
            plate: string;
            trip: number | null;
            state: string | null;
        };
        Overtakes: {
            /** Format: date */
            day: string;
            gates: {
                [key: string]: {
                    [key: string]: number;
                };
            };
        };
        PaidAnswer: {
            trip: number;
            payment: number;
        };
        /** @enum {string} */
        Paper: "invoice" | "packing_list" | "customs" | "origin" | "plant_health" | "health" | "transport" | "vehicle" | "driver" | "photo" | "payment" | "other";
        /** @enum {string} */
        Part: "gate" | "direction" | "cargo" | "desk" | "of";
        PassAnswer: {
            text: string;
            path: string;
            size: number;
            /** Format: date-time */
            expires_at: string;
        };
        Past: {
            visits: components["schemas"]["PastVisit"][];
            messages: components["schemas"]["PastMessage"][];
            clearances: components["schemas"]["Clearance"][];
            devices: components["schemas"]["Carried"][];
        };
        PastMessage: {
            id: number;
            kind: string;
            state: string;
            /** Format: date-time */
            created_at: string;
            sent_at: string | null;
            delivery: string | null;
            trouble: string | null;
        };
        PastVisit: {
            zone: string;
            role: string;
            gate: string | null;
            /** Format: date-time */
            entered_at: string;
            left_at: string | null;
            /** Format: date-time */
            counts_at: string;
            seen_inside: boolean;
            revised: number;
            device: string;
        };
        PastZone: {
            id: string;
            role: string;
            gate: string | null;
            name: {
                [key: string]: string;
            };
            valid_from: number | null;
            valid_until: number | null;
        };
        Paying: {
            method: string;
            reference?: string | null;
            amount_vnd: number;
            paid_at?: string | null;
        };
        PenaltyAnswer: {
            id: number;
            kind: string;
            loses_s: number;
            reason: string;
            actor: string;
            /** Format: date-time */
            at: string;
            banned_until: string | null;
            lifted_at: string | null;
            lifted_by: string | null;
        };
        /** @enum {string} */
        Period: "hour" | "day" | "month" | "year" | "all";
        Person: {
            id: number;
            language: string;
            has_number: boolean;
            named: boolean;
            trips: number;
            active: boolean;
            first_at: string | null;
            last_at: string | null;
            plates: string[];
        };
        Pin: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "pin";
            reason: string;
            /** @default  */
            note?: string;
            trip_id: number;
            gate: string;
            /** Format: date-time */
            starts_at: string;
        };
        PlateAnswer: {
            /** @enum {string} */
            outcome: "counted" | "known" | "unsure" | "no_trip";
            trip: number | null;
            stages: string[];
        };
        Position: {
            lon: number;
            lat: number;
            /** Format: date-time */
            at: string;
        };
        Problem: {
            text: string;
            line?: number | null;
            kind?: string | null;
            values?: {
                [key: string]: string | number | string[] | null;
            };
        };
        "Proof-Input": {
            password: string;
        };
        "Proof-Output": {
            /** Format: date-time */
            at: string;
            source: string | null;
        };
        Publication: {
            why: string;
            starts_at?: string | null;
            /** @default [] */
            confirmed?: string[];
            /** @default false */
            backdated?: boolean;
        };
        PushKeys: {
            p256dh: string;
            auth: string;
        };
        PushWish: {
            endpoint: string;
            keys: components["schemas"]["PushKeys"];
        };
        QuoteAnswer: {
            lines: components["schemas"]["ShownLine"][];
            withheld: components["schemas"]["ShownWithheld"][];
            total_vnd: number;
        };
        Reading: {
            source: string;
            /** Format: date-time */
            heard_at: string;
            camera: string;
            plate: string;
            confidence: number;
            /** Format: date-time */
            at: string;
            image: string | null;
            outcome: string;
            trip: number | null;
            stages: string[];
        };
        /** @enum {string} */
        Reason: "not_finite" | "latitude_out_of_range" | "longitude_out_of_range" | "zero_island" | "future" | "too_late" | "imprecise" | "malformed" | "unknown_device" | "foreign_device" | "contradicted" | "poison";
        RecordPage: {
            items: components["schemas"]["RecordShown"][];
            next: string | null;
            more: boolean;
        };
        RecordShown: {
            id: number;
            trip: number;
            plate: string;
            stage: string;
            act: string;
            origin: string;
            by: string | null;
            desk: string | null;
            /** Format: date-time */
            at: string;
            /** Format: date-time */
            recorded_at: string;
            reason: string | null;
            settled: {
                [key: string]: string;
            };
            evidence: {
                [key: string]: unknown;
            };
        };
        Recorded: {
            recorded: number;
            repeated: number;
        };
        RecoveryCodes: {
            recovery_codes: string[];
        };
        Refunding: {
            reason: string;
            amount_vnd?: number | null;
        };
        /** @enum {string} */
        "Refusal-Input": "papers" | "plate_differs" | "cargo_differs" | "not_called" | "not_due" | "wrong_gate" | "pass_invalid" | "unfit";
        "Refusal-Output": {
            sentence: string;
            kind?: string | null;
            values?: {
                [key: string]: string | number | string[] | null;
            };
        };
        RefusedDecision: {
            /** Format: uuid */
            id: string;
            detail: string;
        };
        RefusedItem: {
            trip: number;
            stage: string;
            detail: string;
            kind: string | null;
            values: {
                [key: string]: string | number | string[] | null;
            };
        };
        ReportAnswer: {
            /** Format: date */
            since: string;
            /** Format: date */
            until: string;
            period: components["schemas"]["Period"];
            by: components["schemas"]["Part"][];
            /** Format: date-time */
            counted_at: string;
            rows: components["schemas"]["Row"][];
        };
        Result: {
            /** @enum {string} */
            status: "done" | "repeated" | "refused";
            trip?: number | null;
            detail?: string | null;
            kind?: string | null;
            /** @default {} */
            values?: {
                [key: string]: unknown;
            };
        };
        Results: {
            results: components["schemas"]["Result"][];
        };
        /** @enum {string} */
        Role: "operator" | "officer" | "planner" | "haulier" | "administrator" | "machine";
        Row: {
            period: string;
            measure: string;
            gate: string;
            direction: string;
            cargo: string;
            desk: string;
            of: string;
            n: number;
            mean_s?: number | null;
            p50_s?: number | null;
            p90_s?: number | null;
            sum_vnd?: number | null;
        };
        Run: {
            id: number;
            scenario: string;
            name: {
                [key: string]: string;
            };
            steering: string;
            seed: number;
            replications: number;
            state: string;
            progress: number;
            done: number;
            error: string | null;
            error_kind: string | null;
            created_by: string;
            /** Format: date-time */
            created_at: string;
            over_at: string | null;
            version: string | null;
            site_version: number | null;
            policy: string | null;
            digest: string | null;
            seconds: number | null;
            summary: {
                [key: string]: unknown;
            } | null;
            request: components["schemas"]["RunRequest"];
            result: components["schemas"]["RunResult"] | null;
        };
        RunBand: {
            mean: number[];
            low: number[];
            high: number[];
        };
        RunGate: {
            queue: components["schemas"]["RunBand"];
            waiting: components["schemas"]["RunBand"];
            queue_max: components["schemas"]["Interval"];
            cleared_export: components["schemas"]["Interval"];
            cleared_import: components["schemas"]["Interval"];
            waiting_at_end: components["schemas"]["Interval"];
            starved_place_min: components["schemas"]["Interval"];
            utilisation: components["schemas"]["Interval"];
        };
        RunLine: {
            id: number;
            scenario: string;
            name: {
                [key: string]: string;
            };
            steering: string;
            seed: number;
            replications: number;
            state: string;
            progress: number;
            done: number;
            error: string | null;
            error_kind: string | null;
            created_by: string;
            /** Format: date-time */
            created_at: string;
            over_at: string | null;
            version: string | null;
            site_version: number | null;
            policy: string | null;
            digest: string | null;
            seconds: number | null;
            summary: {
                [key: string]: unknown;
            } | null;
        };
        RunMeasure: {
            mean: number | null;
            low: number | null;
            high: number | null;
            unit: string;
        };
        RunNote: {
            kind: string;
            values: {
                [key: string]: string | number | null;
            };
            text: string;
        };
        RunRequest: {
            scenario: string;
            name: {
                [key: string]: string;
            };
            text: string;
            steering: string;
            seed: number;
            replications: number;
            until_width: components["schemas"]["Until"] | null;
        };
        RunResult: {
            scenario: string;
            name: {
                [key: string]: string;
            };
            steering: string;
            seed: number;
            replications: number;
            version: string;
            policy: string;
            site: string;
            timezone: string;
            digest: string;
            seconds: number;
            stopped_early: boolean;
            notes: components["schemas"]["RunNote"][];
            grid: number[];
            measures: {
                [key: string]: components["schemas"]["RunMeasure"];
            };
            each: {
                [key: string]: (number | null)[];
            };
            classes: {
                [key: string]: {
                    [key: string]: components["schemas"]["Interval"];
                };
            };
            gates: {
                [key: string]: components["schemas"]["RunGate"];
            };
            yards: {
                [key: string]: components["schemas"]["RunYard"];
            };
            waits: components["schemas"]["RunWaits"];
            slots: {
                [key: string]: components["schemas"]["RunSlots"];
            } | null;
        };
        RunSlots: {
            starts: number[];
            planned: number[];
            came: number[];
        };
        RunTrucks: {
            gates: string[];
            yards: string[];
            cargoes: string[];
            gate: number[];
            import: number[];
            yard: number[];
            cargo: number[];
            yard_at: (number | null)[];
            ready_at: (number | null)[];
            released_at: (number | null)[];
            left_at: (number | null)[];
            gate_at: (number | null)[];
            start_at: (number | null)[];
            clear_at: (number | null)[];
            turned_at: (number | null)[];
            slot_at: (number | null)[];
        };
        RunWaits: {
            edges_min: number[];
            gate: number[];
            total: number[];
        };
        RunYard: {
            occupancy: components["schemas"]["RunBand"];
            places: number | null;
        };
        Said: {
            act: components["schemas"]["Act"];
            reason?: string | null;
            note?: string | null;
            settled?: {
                [key: string]: string;
            };
            at?: string | null;
        };
        ScenarioBody: {
            text: string;
            name?: string | null;
        };
        ScenarioChoice: {
            id: string;
            name: {
                [key: string]: string;
            };
            saved: boolean;
            owner?: string | null;
            changed_at?: string | null;
        };
        ScenarioText: {
            id: string;
            name: {
                [key: string]: string;
            };
            text: string;
            saved: boolean;
            owner?: string | null;
            changed_at?: string | null;
        };
        ScheduleAnswer: {
            version: string;
            /** Format: date-time */
            valid_from: string;
            services: components["schemas"]["ShownService"][];
        };
        /** @enum {string} */
        Scope: "positions" | "witness" | "site" | "trips:read" | "trips:write" | "metrics" | "declarations:read" | "stages:read" | "stages:write" | "facts:write" | "crossings:read" | "crossings:write" | "hooks";
        Search: {
            phone?: string | null;
            plate?: string | null;
        };
        Seen: {
            plate: string;
            /** Format: date-time */
            at: string;
            weight_t?: number | null;
        };
        SeenGateway: {
            gateway: string;
            state: string;
            rate_per_s: number;
            trouble: string | null;
            /** Format: date-time */
            changed_wall_at: string;
            /** Format: date-time */
            seen_wall_at: string;
        };
        SeenTruck: {
            direction: components["schemas"]["Direction"];
            /** @enum {string} */
            kind: "entered" | "cleared";
            truck: string;
            /** Format: date-time */
            at: string;
            weight_t?: number | null;
        };
        SettledService: {
            service: string;
            name: {
                [key: string]: string;
            } | null;
            amount_vnd: number;
        };
        SettledSum: {
            gate: string | null;
            method: string;
            by: string;
            n: number;
            amount_vnd: number;
        };
        SettlementAnswer: {
            /** Format: date */
            day: string;
            over: boolean;
            payments: number;
            total_vnd: number;
            refunded_vnd: number;
            first_receipt: string | null;
            last_receipt: string | null;
            rows: components["schemas"]["SettledSum"][];
            services: components["schemas"]["SettledService"][];
        };
        ShownAccount: {
            name: string;
            role: string;
            person: string | null;
            post: string | null;
            agency: string | null;
            email: string | null;
            authenticator: boolean;
            disabled_at: string | null;
            /** Format: date-time */
            made_at: string;
            last_at: string | null;
            last_address: string | null;
            sessions: number;
        };
        ShownAct: {
            id: number;
            kind: string;
            state: string;
            by: string;
            /** Format: date-time */
            at: string;
            reason: string;
            note: string;
            trip_id: number | null;
            plate: string | null;
            gate: string | null;
            params: {
                [key: string]: unknown;
            };
            effect: {
                [key: string]: unknown;
            } | null;
            approved_by: string | null;
            approved_at: string | null;
            ended_by: string | null;
            ended_at: string | null;
            outcome: string | null;
        };
        ShownClosure: {
            id: number;
            gate: string;
            /** Format: date-time */
            starts_at: string;
            ends_at: string | null;
            places_left: number;
            reason: string;
            entered_by: string;
            /** Format: date-time */
            changed_at: string;
            ended_by: string | null;
        };
        ShownCrossing: {
            id: number;
            trip: number | null;
            plate: string;
            nationality: string | null;
            haulier: string | null;
            gate: string;
            direction: string;
            load: string | null;
            /** Format: date-time */
            at: string;
            due_at: string | null;
            returned_at: string | null;
            return_id: number | null;
            /** @enum {string} */
            state: "away" | "overdue" | "back" | "over";
        };
        ShownDraft: {
            id: number;
            by: string;
            base: number;
            /** Format: date-time */
            made_at: string;
            /** Format: date-time */
            changed_at: string;
            former: number | null;
            revision: number;
            /** Format: date-time */
            now: string;
            overtaken: components["schemas"]["VersionLine"] | null;
            features: {
                [key: string]: unknown;
            }[];
            base_features: {
                [key: string]: unknown;
            }[];
            faults: components["schemas"]["Fault"][];
            losses: components["schemas"]["Loss"][];
            inside: {
                [key: string]: number;
            };
            changed: string[];
        };
        ShownEffect: {
            /** Format: date-time */
            at: string;
            solve_s: number;
            refused: components["schemas"]["ShownRefusal"] | null;
            warning: components["schemas"]["ShownRefusal"] | null;
            moved: number;
            earlier: number;
            later: number;
            mean_shift_s: number | null;
            worst_later_s: number | null;
            held: number;
            freed: number;
            called: number;
            uncalled: number;
            overtaken: number;
            delay_cost_vnd: number | null;
            trips: components["schemas"]["ShownMove"][];
            others: number;
            others_shift_s: number | null;
            to_come: number;
            unserved: number;
        };
        ShownFault: {
            text: string;
            line: number | null;
        };
        ShownHead: {
            /** Format: date-time */
            at: string;
            hash: string;
            key: string;
            seq: number;
            signature: string;
            site: string;
            /** @default  */
            code?: string;
        };
        ShownInHand: {
            word: string;
            gate: string | null;
            starts_at: string | null;
        };
        ShownKey: {
            /** Format: uuid */
            id: string;
            scopes: string[];
            narrowed: boolean;
            /** Format: date-time */
            made_at: string;
            ends_at: string | null;
        };
        ShownLine: {
            service: string;
            name: {
                [key: string]: string;
            };
            amount_vnd: number;
            why: components["schemas"]["ShownWhy"];
        };
        ShownMessage: {
            kind: string;
            /** Format: date-time */
            at: string;
            text: string;
        };
        ShownMove: {
            trip_id: number;
            plate: string | null;
            from: components["schemas"]["ShownInHand"];
            otherwise: components["schemas"]["ShownInHand"] | null;
            to: components["schemas"]["ShownInHand"];
            shift_s: number | null;
            held_until: string | null;
        };
        ShownPayment: {
            id: number;
            amount_vnd: number;
            method: string;
            reference: string;
            receipt: string;
            /** Format: date-time */
            paid_at: string;
            /** Format: date-time */
            recorded_at: string;
            by: string | null;
            of_payment: number | null;
            reason: string | null;
            refunded: boolean;
        };
        ShownPlan: {
            id: number;
            /** Format: date-time */
            planned_at: string;
            status: string;
            policy: string | null;
            trips: number;
            unserved: number;
            inversions: number;
            cost: number;
            bound: number;
            gap: number | null;
            unit_vnd: number;
            cost_vnd: number;
            solve_s: number;
            prices: components["schemas"]["SlotPrice"][];
            lanes: components["schemas"]["LanePlaces"][];
        };
        ShownRate: {
            amount_vnd: number;
            applies: {
                [key: string]: string[];
            };
        };
        ShownRecord: {
            id: number;
            stage: string;
            act: string;
            origin: string;
            by: string | null;
            desk: string | null;
            /** Format: date-time */
            at: string;
            /** Format: date-time */
            recorded_at: string;
            reason: string | null;
            note: string | null;
            settled: {
                [key: string]: string;
            };
            evidence: {
                [key: string]: unknown;
            };
        };
        ShownRefusal: {
            sentence: string;
            kind: string | null;
            values: {
                [key: string]: string | number | string[] | null;
            };
        };
        ShownService: {
            id: string;
            name: {
                [key: string]: string;
            };
            per: string;
            applies: {
                [key: string]: string[];
            };
            after: string | null;
            free_h: number;
            rates: components["schemas"]["ShownRate"][];
        };
        ShownSite: {
            id: string;
            name: {
                [key: string]: string;
            };
            timezone: string;
            other_timezone: string | null;
            buffers: components["schemas"]["Buffers"];
            center: [
                number,
                number
            ];
            zones: components["schemas"]["Collection_SiteZone_"];
            roads: components["schemas"]["Collection_SiteRoad_"];
            gates: components["schemas"]["SiteGate"][];
            yards: components["schemas"]["SiteYard"][];
        };
        ShownSource: {
            name: string;
            scopes: string[];
            enrols: boolean;
            agency: string | null;
            keys: components["schemas"]["ShownKey"][];
            device_keys: number;
            heard_at: string | null;
        };
        ShownStage: {
            stage: string;
            name: {
                [key: string]: string;
            };
            desk: components["schemas"]["Desk"] | null;
            state: components["schemas"]["State-Output"];
            /** Format: date-time */
            since: string;
            needs: string[];
            waits_for: components["schemas"]["WaitsFor"][];
            expires_at: string | null;
            unlocks: string[];
            settles: string[];
            proofs: string[];
            may: components["schemas"]["Act"][];
            record: components["schemas"]["ShownRecord"] | null;
        };
        ShownSwitch: {
            id: number;
            gate: string;
            direction: string;
            variant: string;
            /** Format: date-time */
            begins_at: string;
            ends_at: string | null;
            reason: string;
            set_by: string;
            /** Format: date-time */
            set_at: string;
            ended_by: string | null;
            ended_at: string | null;
        };
        ShownVersion: {
            version: string;
            /** Format: date-time */
            valid_from: string;
            loaded_by: string;
            /** Format: date-time */
            loaded_at: string;
            running: number;
        };
        ShownWay: {
            id: string;
            yard: string;
            gate: string | null;
            length_m: number;
            fastest_kmh: number;
        };
        ShownWeights: {
            id: string;
            name: {
                [key: string]: string;
            };
            from_t: number;
            below_t: number | null;
        };
        ShownWhy: {
            kind: string;
            values: {
                [key: string]: string | number;
            };
        };
        ShownWithheld: {
            service: string;
            name: {
                [key: string]: string;
            };
            until_stage: string | null;
            until_fact: string | null;
        };
        ShownWork: {
            trip: number;
            plate: string;
            nationality: string;
            direction: string;
            gate: string;
            cargo: string;
            goods: string | null;
            goods_class: string | null;
            weight_class: string | null;
            load: string;
            haulier: string | null;
            stage: string;
            state: string;
            /** Format: date-time */
            since: string;
            waits_for: components["schemas"]["WaitsFor"][];
            marks: string[];
            has_documents: boolean;
            open_conflicts: number;
            slot: components["schemas"]["SlotTold"] | null;
            locked: string[];
        };
        ShownWorkflow: {
            version: string;
            /** Format: date-time */
            valid_from: string;
            variants: components["schemas"]["VariantOf"][];
            goods_classes: components["schemas"]["Named"][];
            weight_classes: components["schemas"]["ShownWeights"][];
            handovers: components["schemas"]["Named"][];
            in_force: components["schemas"]["InForce"][];
        };
        SimulationRequest: {
            scenario?: string | null;
            text?: string | null;
            /** @default n_control */
            steering?: string;
            /** @default 1 */
            seed?: number;
            /** @default 1 */
            replications?: number;
            until_width?: components["schemas"]["Until"] | null;
        };
        SiteGate: {
            id: string;
            name: {
                [key: string]: string;
            };
            directions: string[];
            lanes: number;
            inspection_places: number;
            windows_today: [
                string,
                string
            ][];
        };
        SiteRoad: {
            id: string;
        };
        SiteYard: {
            id: string;
            name: {
                [key: string]: string;
            };
            capacity: number;
            gates: string[];
        };
        SiteZone: {
            id: string;
            name: {
                [key: string]: string;
            };
            role: string;
            gate: string | null;
            capacity: number | null;
            uncertainty_m: number;
            survey: string;
        };
        SlotAnswer: {
            gate: string;
            /** Format: date-time */
            starts_at: string;
            /** Format: date-time */
            ends_at: string;
            accepted_at: string | null;
            late_until: string | null;
        };
        SlotPrice: {
            gate: string;
            lane_class: string | null;
            /** Format: date-time */
            starts_at: string;
            price_vnd: number;
        };
        SlotTold: {
            gate: string;
            /** Format: date-time */
            starts_at: string;
        };
        SourcePatch: {
            scopes: components["schemas"]["Scope"][];
            agency?: components["schemas"]["Desk"] | null;
        };
        Spacetime: {
            id: string;
            yard: string;
            gate: string | null;
            length_m: number;
            fastest_kmh: number;
            /** Format: date-time */
            since: string;
            /** Format: date-time */
            until: string;
            closed: [
                number,
                number
            ][];
            seen: number;
            elsewhere: number;
            trucks: components["schemas"]["DrivenLine"][];
        };
        StageOf: {
            id: string;
            name: {
                [key: string]: string;
            };
            desk: components["schemas"]["Desk"] | null;
            proofs: string[];
            needs: string[];
            applies: {
                [key: string]: string[];
            };
            unlocks: string[];
            settles: string[];
            expires_h: number | null;
        };
        StageWord: {
            trip?: number | null;
            plate?: string | null;
            declaration?: string | null;
            key: string;
            stage: string;
            act: components["schemas"]["Act"];
            at?: string | null;
            reason?: string | null;
            note?: string | null;
            /** @default {} */
            settled?: {
                [key: string]: string;
            };
        };
        StageWords: {
            items: components["schemas"]["StageWord"][];
        };
        StandbyWish: {
            on: boolean;
        };
        /** @enum {string} */
        Standing: "in" | "unknown" | "left";
        StandingAdmission: {
            gate: string;
            /** Format: date-time */
            at: string;
            by: string;
        };
        /** @enum {string} */
        "State-Output": "waiting" | "ready" | "asked" | "confirmed" | "refused" | "expired";
        Template: {
            id: number;
            name: string;
            customer: string | null;
            form: {
                [key: string]: unknown;
            };
            /** Format: date-time */
            changed_at: string;
        };
        TemplateBody: {
            name?: string | null;
            customer?: string | null;
            form: {
                [key: string]: unknown;
            };
        };
        Text: {
            text: string;
        };
        TextTo: {
            text: string;
            /** @enum {string} */
            to: "trip" | "held" | "yard" | "gate";
            trip_id?: number | null;
            place?: string | null;
        };
        Track: {
            /** Format: date-time */
            since: string;
            /** Format: date-time */
            until: string;
            step_s: number;
            gap_s: number;
            at: number[];
            lon: number[];
            lat: number[];
            speed: (number | null)[];
            events: components["schemas"]["flowctl__storage__past__Event"][];
            zones: components["schemas"]["Collection_PastZone_"];
        };
        TrackerAnswer: {
            device: string;
            url: string;
            traccar_link: string;
            qr_path: string;
            qr_size: number;
        };
        Traffic: {
            /** Format: date-time */
            at: string;
            measured_since: string | null;
            /** Format: date-time */
            window_starts_at: string;
            window_s: number;
            ways: components["schemas"]["WayTraffic"][];
            gates: components["schemas"]["GateTraffic"][];
        };
        TripAnswer: {
            id: number;
            plate: string;
            language: string;
            direction: string;
            cargo: string;
            gates: string[];
            /** Format: date-time */
            ready_at: string;
            /** Format: date-time */
            registered_at: string;
            state: string;
            stage: string;
            device: string | null;
            tracker: ("device" | "phone") | null;
            slot: components["schemas"]["SlotAnswer"] | null;
            released_at: string | null;
            arrived_at: string | null;
            yard: string | null;
            haulier: string | null;
            weight_t: number | null;
            convoy: string | null;
            standby: boolean;
            extended_until: string | null;
            penalty_s: number;
            needs: string | null;
            returns_within_h?: number | null;
            eta?: components["schemas"]["EtaAnswer"] | null;
            regains_at?: string | null;
            /** @default false */
            by_hand?: boolean;
            /** @default false */
            device_faulty?: boolean;
            /** @default true */
            has_number?: boolean;
            declaration?: string | null;
        };
        TripCrossings: {
            trip: number;
            crossing: components["schemas"]["ShownCrossing"] | null;
            way_back: components["schemas"]["ShownCrossing"] | null;
            pair: components["schemas"]["OtherTruck"] | null;
        };
        TripDeclaration: {
            trailer?: string | null;
            driver_name?: string | null;
            licence?: string | null;
            licence_until?: string | null;
            /** @default false */
            consent?: boolean;
            goods?: string | null;
            goods_class?: string | null;
            goods_code?: string | null;
            weight_class?: string | null;
            value_vnd?: number | null;
            keeps_h?: number | null;
            temperature_c?: number | null;
            /** @default laden */
            load?: components["schemas"]["Load"];
            nationality?: components["schemas"]["Nationality"] | null;
            handover?: string | null;
            pair_plate?: string | null;
            customer?: string | null;
            plate: string;
            phone: string;
            language: string;
            direction: components["schemas"]["Direction"];
            cargo: components["schemas"]["Cargo"];
            gates: string[];
            /** Format: date-time */
            ready_at: string;
            device?: string | null;
            haulier?: string | null;
            weight_t?: number | null;
            convoy?: string | null;
            needs?: string | null;
            returns_within_h?: number | null;
            declaration?: string | null;
            draft?: string | null;
        };
        TripPatch: {
            trailer?: string | null;
            driver_name?: string | null;
            licence?: string | null;
            licence_until?: string | null;
            /** @default false */
            consent?: boolean;
            goods?: string | null;
            goods_class?: string | null;
            goods_code?: string | null;
            weight_class?: string | null;
            value_vnd?: number | null;
            keeps_h?: number | null;
            temperature_c?: number | null;
            /** @default laden */
            load?: components["schemas"]["Load"];
            nationality?: components["schemas"]["Nationality"] | null;
            handover?: string | null;
            pair_plate?: string | null;
            customer?: string | null;
            plate?: string | null;
            ready_at?: string | null;
            gates?: string[] | null;
            cargo?: components["schemas"]["Cargo"] | null;
            phone?: string | null;
            language?: string | null;
            device?: string | null;
            weight_t?: number | null;
            convoy?: string | null;
            needs?: string | null;
            returns_within_h?: number | null;
            declaration?: string | null;
            evidence?: string | null;
        };
        TripStages: {
            /** Format: date-time */
            at: string;
            trip: number;
            plate: string;
            version: string | null;
            variant: string | null;
            name: {
                [key: string]: string;
            } | null;
            handover: string | null;
            locked: string[];
            stages: components["schemas"]["ShownStage"][];
            records: components["schemas"]["ShownRecord"][];
        };
        Twin: {
            trip_id: number;
            plate: string;
            state: string;
        };
        Until: {
            measure: string;
            share: number;
        };
        VariantOf: {
            id: string;
            name: {
                [key: string]: string;
            };
            direction: string;
            gates: string[];
            handover: string;
            stages: components["schemas"]["StageOf"][];
        };
        /** @enum {string} */
        Verdict: "admitted" | "refused" | "early" | "late";
        VersionLine: {
            id: number;
            /** Format: date-time */
            starts_at: string;
            /** Format: date-time */
            made_at: string;
            by: string;
            why: string;
            state: string;
        };
        VersionText: {
            version: string;
            /** Format: date-time */
            valid_from: string;
            loaded_by: string;
            /** Format: date-time */
            loaded_at: string;
            running: number;
            text: string;
        };
        VisitAnswer: {
            /** Format: uuid */
            id: string;
            device: string;
            plate: string | null;
            zone: string;
            role: string;
            gate: string | null;
            state: components["schemas"]["Standing"];
            /** Format: date-time */
            entered_at: string;
            /** Format: date-time */
            confirmed_at: string;
            /** Format: date-time */
            received_at: string;
            left_at: string | null;
            seen_inside: boolean;
            crossed: boolean;
            trusted: boolean;
            /** Format: date-time */
            counts_at: string;
            silent_s: number;
            exit_gap_s: number | null;
            evidence: {
                [key: string]: components["schemas"]["Proof-Output"];
            };
            revision: number;
            revisions: components["schemas"]["Former"][];
        };
        WaitsFor: {
            stage: string;
            desk: components["schemas"]["Desk"] | null;
            /** Format: date-time */
            since: string;
        };
        WalkIn: {
            plate: string;
            yard: string;
            gates: string[];
            /** @default export */
            direction?: components["schemas"]["Direction"];
            /** @default normal */
            cargo?: components["schemas"]["Cargo"];
            phone?: string | null;
            /** @default vi */
            language?: string;
            haulier?: string | null;
            needs?: string | null;
            device?: string | null;
        };
        WalkInPlace: {
            plate: string;
            yard: string;
            gate: string | null;
            place: number;
            ahead: number;
            /** Format: date-time */
            at: string;
        };
        Way: {
            line: [
                number,
                number
            ][];
            yard: [
                number,
                number
            ];
            gate: [
                number,
                number
            ];
        };
        WayTraffic: {
            id: string;
            /** @enum {string} */
            kind: "corridor" | "freight";
            yard: string;
            gate: string | null;
            starts_m: (number | null)[];
            lon: (number | null)[];
            lat: (number | null)[];
            stop_m: number | null;
            nominal_kmh: (number | null)[];
            speed_kmh: (number | null)[];
            live_kmh: (number | null)[];
            density_per_km: (number | null)[];
            flow_per_h: (number | null)[];
        };
        Weighed: {
            /** @enum {string} */
            alphabet: "gsm7" | "ucs2";
            letters: number;
            parts: number;
            to: number;
            unheard: number;
            languages: {
                [key: string]: number;
            };
            left: number;
            refused: components["schemas"]["Refusal-Output"] | null;
        };
        Who: {
            account: string;
            role: string;
            agency: string | null;
            post: string;
            person: string;
            permissions: string[];
            timezone: string;
            authenticator: boolean;
            must_enrol: boolean;
            last?: components["schemas"]["Last"] | null;
        };
        WholeDeclaration: {
            trip: number;
            revision: number;
            state: string;
            plate: string;
            trailer: string | null;
            phone: string | null;
            language: string;
            driver_name: string | null;
            licence: string | null;
            licence_until: string | null;
            consent: boolean;
            device: string | null;
            haulier: string | null;
            direction: string;
            cargo: string;
            gates: string[];
            /** Format: date-time */
            ready_at: string;
            weight_t: number | null;
            convoy: string | null;
            needs: string | null;
            returns_within_h: number | null;
            declaration: string | null;
            goods: string | null;
            goods_class: string | null;
            goods_code: string | null;
            weight_class: string | null;
            value_vnd: number | null;
            keeps_h: number | null;
            temperature_c: number | null;
            load: string;
            nationality: string;
            handover: string | null;
            pair_plate: string | null;
            customer: string | null;
            customs_number: string | null;
            version: string | null;
            variant: string | null;
            marks: string[];
            origins: {
                [key: string]: string;
            };
            settled: {
                [key: string]: string;
            };
            keeps_place: {
                [key: string]: components["schemas"]["flowctl__registry__edits__Place"];
            };
            twin: components["schemas"]["Twin"] | null;
            documents: components["schemas"]["Document"][];
            conflicts: components["schemas"]["flowctl__storage__conflicts__Conflict"][];
        };
        Why: {
            language: string;
            gate: string | null;
            place: number | null;
            text: string;
            ahead: components["schemas"]["Counted"][];
            passed_by: components["schemas"]["Counted"][];
            missing: components["schemas"]["Missing"][];
            history: components["schemas"]["api__why__Event"][];
        };
        Window: {
            /** Format: date-time */
            starts_at: string;
            /** Format: date-time */
            ends_at: string;
        };
        Word: {
            kind: components["schemas"]["AdviceKind"];
            /** Format: date-time */
            at: string;
        };
        Work: {
            /** Format: date-time */
            at: string;
            desk: components["schemas"]["Desk"];
            counts: components["schemas"]["Counts"][];
            rows: components["schemas"]["ShownWork"][];
            next: string | null;
        };
        YardNow: {
            yard: string;
            name: {
                [key: string]: string;
            };
            inside: number;
            capacity: number;
        };
        YardRecorded: {
            recorded: number;
            repeated: number;
            unknown_plates: string[];
        };
        api__gone__Place: {
            id: string;
            name: {
                [key: string]: string;
            };
        };
        api__phone__Accepted: {
            /** @default true */
            accepted?: boolean;
        };
        api__scenarios__Checked: {
            ok: boolean;
            problems: components["schemas"]["Problem"][];
            values: {
                [key: string]: number | string | boolean | null;
            };
        };
        api__simulations__Accepted: {
            id: number;
        };
        api__why__Event: {
            seq: number;
            code: string;
            /** Format: date-time */
            at: string;
            kind: string;
            reason: string | null;
            text: string;
        };
        api__workflows__Checked: {
            ok: boolean;
            problems: components["schemas"]["ShownFault"][];
            version: string | null;
            valid_from: string | null;
            variants: components["schemas"]["VariantOf"][];
        };
        /** @enum {string} */
        flowctl__registry__edits__Place: "keeps" | "evidence" | "loses" | "fixed";
        /** @enum {string} */
        flowctl__storage__alerts__State: "open" | "acknowledged" | "dismissed" | "confirmed" | "closed";
        flowctl__storage__conflicts__Conflict: {
            id: number;
            trip: number;
            plate: string;
            field: string;
            ours: string | number | null;
            theirs: string | number | null;
            source: string;
            /** Format: date-time */
            at: string;
            state: string;
            decided_by: string | null;
            decided_at: string | null;
        };
        flowctl__storage__devices__Conflict: {
            kind: string;
            device: string;
            plate: string;
            is_primary: boolean;
            other_device: string;
            other_plate: string;
            other_is_primary: boolean | null;
            trip: number | null;
            /** Format: date-time */
            since: string;
            until: string | null;
        };
        flowctl__storage__past__Event: {
            /** Format: date-time */
            at: string;
            what: string;
            place: string | null;
        };
        /** @enum {string} */
        flowctl__workflow__stages__State: "waiting" | "ready" | "asked" | "confirmed" | "refused" | "expired";
        ProblemDetails: {
            type: string;
            title: string;
            status: number;
            detail: string;
            values?: Record<string, never>;
        };
        Fix: {
            device: string;
            fixed_at: string | number;
            lon: number;
            lat: number;
            speed_mps?: number | null;
            heading_deg?: number | null;
            altitude_m?: number | null;
            accuracy_m?: number | null;
            ignition?: boolean | null;
        };
        AcceptedFixes: {
            accepted: number;
            rejected: {
                index: number;
                reason: string;
            }[];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
