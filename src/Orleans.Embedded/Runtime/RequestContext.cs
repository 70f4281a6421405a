namespace Orleans.Runtime;

/// <summary>As upstream: values that flow with calls. A callee sees those its caller had set; its own changes do not flow back.</summary>
public static class RequestContext
{
    private static readonly AsyncLocal<Dictionary<string, object>?> s_values = new();

    /// <summary>The values; a dictionary that is never changed once it is here.</summary>
    internal static Dictionary<string, object>? Current
    {
        get => s_values.Value;
        set => s_values.Value = value;
    }

    /// <summary>The value of a key, null if there is none.</summary>
    public static object? Get(string key) => Current?.GetValueOrDefault(key);

    /// <summary>Sets a value for the calls made from here on.</summary>
    public static void Set(string key, object value) => Current = new Dictionary<string, object>(Current ?? []) { [key] = value };

    /// <summary>Removes all values.</summary>
    public static void Clear() => Current = null;
}
