using System.Reflection;

namespace Orleans.Serialization;

/// <summary>Which fields of a type cross calls, by upstream's rules: those with an id, those behind properties with an id, those
/// behind the primary constructor's parameters of a record, and those of its base types.</summary>
internal static class SerializableMembers
{
    private const BindingFlags Declared =
        BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    internal static FieldInfo[] Of(Type type)
    {
        List<FieldInfo> fields = [];
        for (Type? level = type; level?.GetCustomAttribute<GenerateSerializerAttribute>(false) is { } attribute; level = level.BaseType)
        {
            HashSet<string> parameters = attribute.IncludePrimaryConstructorParameters || IsRecord(level) ? PrimaryConstructorParameters(level) : [];
            fields.AddRange(level.GetFields(Declared).Where(field => field.IsDefined(typeof(IdAttribute))));
            fields.AddRange(level.GetProperties(Declared)
                .Where(property => property.IsDefined(typeof(IdAttribute)) || parameters.Contains(property.Name)
                    || (attribute.GenerateFieldIds == GenerateFieldIds.PublicProperties && property.SetMethod?.IsPublic == true))
                .Select(property => level.GetField($"<{property.Name}>k__BackingField", Declared) ?? throw new CodecNotFoundException(
                    $"{level}.{property.Name} has an id and no field behind it; give the id to the field.")));
        }

        return [.. fields];
    }

    /// <summary>Whether the field, or the property before it, is promised never to change.</summary>
    internal static bool IsImmutable(FieldInfo field) =>
        field.IsDefined(typeof(ImmutableAttribute))
        || (field.Name.StartsWith('<')
            && field.DeclaringType!.GetProperty(field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)], Declared)
                ?.IsDefined(typeof(ImmutableAttribute)) == true);

    private static bool IsRecord(Type type) =>
        type.GetMethod("<Clone>$") is not null || (type.IsValueType && type.GetMethod("PrintMembers", Declared) is not null);

    private static HashSet<string> PrimaryConstructorParameters(Type type) =>
        type.GetConstructors(Declared)
            .Select(constructor => constructor.GetParameters())
            .Where(parameters => parameters.Length > 0
                && parameters.All(parameter => type.GetProperty(parameter.Name!, Declared)?.PropertyType == parameter.ParameterType))
            .MaxBy(parameters => parameters.Length)
            ?.Select(parameter => parameter.Name!).ToHashSet() ?? [];
}
