// Hands a layout that arrives, {token, layout}, to the picture (read_score.js). It has no look of its own.
watch("value", () => props.value && props.value.layout && document.dispatchEvent(new CustomEvent("textrec:layout", { detail: props.value })));
