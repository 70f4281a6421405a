namespace Orleans.Runtime;

/// <summary>Values that flow with calls: a callee sees those its caller had set; its own changes do not flow back.</summary>
public static class RequestContext
{
    private const string ReentrancyKey = "#CCR";
    private static readonly AsyncLocal<Dictionary<string, object>?> s_values = new();

    /// <summary>The call chain that may re-enter the grains which allowed it; empty when none may.</summary>
    public static Guid ReentrancyId
    {
        get => Get(ReentrancyKey) is Guid id ? id : Guid.Empty;
        set
        {
            if (value == Guid.Empty)
            {
                Remove(ReentrancyKey);
            }
            else
            {
                Set(ReentrancyKey, value);
            }
        }
    }

    /// <summary>The values; a dictionary that is never changed once it is here.</summary>
    internal static Dictionary<string, object>? Current
    {
        get => s_values.Value;
        set => s_values.Value = value;
    }

    internal static Guid? ReentrancyIdOf(Dictionary<string, object> context) => context.GetValueOrDefault(ReentrancyKey) as Guid?;

    /// <summary>Keys of the values.</summary>
    public static IEnumerable<string> Keys => Current?.Keys ?? Enumerable.Empty<string>();

    /// <summary>The values with their keys.</summary>
    public static IEnumerable<KeyValuePair<string, object>> Entries => Current ?? Enumerable.Empty<KeyValuePair<string, object>>();

    /// <summary>The value of a key, null if there is none.</summary>
    public static object? Get(string key) => Current?.GetValueOrDefault(key);

    /// <summary>Sets a value for the calls made from here on.</summary>
    public static void Set(string key, object value) =>
        Current = new Dictionary<string, object>(Current ?? []) { [key] = value };

    /// <summary>Removes a value; whether it was there.</summary>
    public static bool Remove(string key)
    {
        if (Current is not { } values || !values.ContainsKey(key))
        {
            return false;
        }

        values = new Dictionary<string, object>(values);
        values.Remove(key);
        Current = values.Count == 0 ? null : values;
        return true;
    }

    /// <summary>Removes all values.</summary>
    public static void Clear() => Current = null;

    /// <summary>Lets calls made inside the section, and calls made by these, come back to this activation while it waits for them.</summary>
    public static ReentrancySection AllowCallChainReentrancy()
    {
        Guid original = ReentrancyId;
        return new ReentrancySection(original, original == Guid.Empty ? Guid.NewGuid() : original);
    }

    /// <summary>Takes an enclosing <see cref="AllowCallChainReentrancy"/> back for the section.</summary>
    public static ReentrancySection SuppressCallChainReentrancy() => new(ReentrancyId, Guid.Empty);

    /// <summary>Dispose ends the section.</summary>
#pragma warning disable CA1034, CA1815 // Upstream's shape: a nested struct without equality.
    public readonly struct ReentrancySection : IDisposable
#pragma warning restore CA1034, CA1815
    {
        private readonly Guid _originalReentrancyId;
        private readonly Guid _newReentrancyId;

        /// <param name="originalReentrancyId">Restored at the end.</param>
        /// <param name="newReentrancyId">In force until then.</param>
        public ReentrancySection(Guid originalReentrancyId, Guid newReentrancyId)
        {
            _originalReentrancyId = originalReentrancyId;
            _newReentrancyId = newReentrancyId;
            ReentrancyId = newReentrancyId;
            if (newReentrancyId != Guid.Empty)
            {
                (RuntimeContext.Current as Activation)?.EnterReentrantSection(newReentrancyId);
            }
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (_newReentrancyId != Guid.Empty)
            {
                (RuntimeContext.Current as Activation)?.ExitReentrantSection(_newReentrancyId);
            }

            ReentrancyId = _originalReentrancyId;
        }
    }
}
