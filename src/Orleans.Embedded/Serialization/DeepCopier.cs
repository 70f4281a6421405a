using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using Orleans.Runtime;

namespace Orleans.Serialization;

/// <summary>Copies what crosses a call, so that neither side sees the other's later changes. Refuses types that Orleans could not
/// send. Shared and circular references stay so within one copy.</summary>
internal sealed class DeepCopier
{
    private delegate object Copier(DeepCopier context, object original);

    private const BindingFlags Declared =
        BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>By type; null for types whose values never change and pass as they are.</summary>
    private static readonly ConcurrentDictionary<Type, Copier?> s_copiers = new();

    private static readonly HashSet<Type> s_immutable =
    [
        typeof(string), typeof(decimal), typeof(DateTime), typeof(DateTimeOffset), typeof(TimeSpan), typeof(Guid), typeof(Uri),
        typeof(CancellationToken), typeof(SiloAddress), typeof(GrainId),
    ];

    private Dictionary<object, object>? _copies; // original to copy

    /// <summary>A copy, or the value itself if it cannot change.</summary>
    /// <exception cref="CodecNotFoundException">The type may not cross calls.</exception>
    internal object? Copy(object? original)
    {
        if (original is null || CopierOf(original.GetType()) is not { } copier)
        {
            return original;
        }

        return _copies is not null && _copies.TryGetValue(original, out object? copy) ? copy : copier(this, original);
    }

    private static Copier? CopierOf(Type type) => s_copiers.GetOrAdd(type, static type => MakeCopier(type));

    private static Copier? MakeCopier(Type type)
    {
        if (type.IsPrimitive || type.IsEnum || s_immutable.Contains(type) || type.IsDefined(typeof(ImmutableAttribute), false)
            || type.IsAssignableTo(typeof(GrainReference)) || type.IsAssignableTo(typeof(Exception)))
        {
            return null;
        }

        Type? definition = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        return type.IsSZArray ? Make(nameof(CopyArray), type.GetElementType()!)
            : definition == typeof(List<>) ? Make(nameof(CopyList), type.GenericTypeArguments)
            : definition == typeof(Dictionary<,>) ? Make(nameof(CopyDictionary), type.GenericTypeArguments)
            : type.IsAssignableTo(typeof(ITuple)) ? MakeMemberCopier(type, type.GetFields(Declared))
            : type.IsDefined(typeof(GenerateSerializerAttribute), false) ? MakeMemberCopier(type, FieldsOf(type))
            : throw new CodecNotFoundException($"Could not find a copier for type {type}. Mark it with [GenerateSerializer].");
    }

    private static Copier Make(string method, params Type[] items)
    {
        Array.ForEach(items, item => IsFixed(item)); // refuses items that may not cross, even when there are none
        return typeof(DeepCopier).GetMethod(method, Declared)!.MakeGenericMethod(items).CreateDelegate<Copier>();
    }

    /// <summary>Whether values of this declared type pass as they are; a type that may not cross throws.</summary>
    private static bool IsFixed(Type type) =>
        (Nullable.GetUnderlyingType(type) ?? type) is var item && item != typeof(object) && !item.IsAbstract && CopierOf(item) is null;

    /// <summary>The fields of a type and its bases. One without an id would stay behind upstream, so it is refused.</summary>
    private static FieldInfo[] FieldsOf(Type type)
    {
        List<FieldInfo> fields = [];
        for (Type? level = type; level is not null && level != typeof(object) && level != typeof(ValueType); level = level.BaseType)
        {
            foreach (FieldInfo field in level.GetFields(Declared))
            {
                MemberInfo? member = field.Name[0] == '<' ? level.GetProperty(field.Name[1..field.Name.IndexOf('>')], Declared) : field;
                fields.Add(member?.IsDefined(typeof(IdAttribute)) == true
                    ? field
                    : throw new CodecNotFoundException($"{level} may not cross calls: its field {field.Name} has no [Id]."));
            }
        }

        return [.. fields];
    }

    private static Copier MakeMemberCopier(Type type, FieldInfo[] fields) => (context, original) =>
    {
        object copy = RuntimeHelpers.GetUninitializedObject(type);
        context.Remember(original, copy);
        Array.ForEach(fields, field => field.SetValue(copy, context.Copy(field.GetValue(original))));
        return copy;
    };

    private T[] CopyArray<T>(object original)
    {
        T[] copy = Remember(original, (T[])((T[])original).Clone());
        int count = IsFixed(typeof(T)) ? 0 : copy.Length;
        for (int i = 0; i < count; i++)
        {
            copy[i] = CopyItem(copy[i]);
        }

        return copy;
    }

    private List<T> CopyList<T>(object original)
    {
        List<T> source = (List<T>)original;
        List<T> copy = Remember(original, new List<T>(source.Count));
        copy.AddRange(IsFixed(typeof(T)) ? source : source.Select(CopyItem));
        return copy;
    }

    private Dictionary<TKey, TValue> CopyDictionary<TKey, TValue>(object original)
        where TKey : notnull
    {
        Dictionary<TKey, TValue> source = (Dictionary<TKey, TValue>)original;
        Dictionary<TKey, TValue> copy = Remember(original, new Dictionary<TKey, TValue>(source.Count, source.Comparer));
        foreach ((TKey key, TValue value) in source)
        {
            copy.Add(CopyItem(key), CopyItem(value));
        }

        return copy;
    }

    private T CopyItem<T>(T item) => (T)Copy(item)!;

    /// <summary>Remembers a copy before its parts are copied, for references that lead back to it.</summary>
    private T Remember<T>(object original, T copy)
        where T : notnull
    {
        (_copies ??= new Dictionary<object, object>(ReferenceEqualityComparer.Instance))[original] = copy;
        return copy;
    }
}
